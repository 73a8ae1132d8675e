// Package recorder records events so that one thing that happens again and again is one event with a count.
//
// client-go counts an event that has the same type, reason and reference to its object as a former one. The reference has the
// resourceVersion, so each event of an object that changes would be a new one. It does not compare texts, so without the
// resourceVersion the second text of a reason would never be read. Here equal texts have equal references.
//
// What is told, and when, is the business of the controllers.
package recorder
