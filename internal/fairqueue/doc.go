// Package fairqueue gives a controller a work queue in which namespaces take turns. So what one tenant does a thousand times
// does not delay what another one does once.
//
//   - Urgent requests go first, but every fourth request is an ordinary one while there are both: a tenant who edits all the
//     time does not stop the installs of another.
//   - Among the urgent ones, and among the ordinary ones, the next is from the namespace with the fewest requests being
//     processed; of several, from the one whose last turn is longest ago. Within a namespace they are first in, first out.
//   - One namespace has half of the workers at most, even if no other one has requests. What is being processed cannot be taken back,
//     so a namespace whose requests are slow would otherwise keep every worker from the first request of another namespace; and
//     what is processed beside that request takes its share of the processors.
//
// The queue is that of client-go with another storage (workqueue.Queue). Deduplication, delays, rate limits and metrics are
// client-go's. Which requests are urgent is the business of the controller.
package fairqueue
