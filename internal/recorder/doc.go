// Package recorder records events so that one thing that happens again and again is one event with a count.
//
// client-go counts an event that has the same type, reason and object as a former one, and looks neither at its text nor
// away from the resourceVersion of the object. So each event of an object that changes is a new one; and without the
// resourceVersion the second text of a reason would never be read. Here equal texts have equal references.
//
// What is told, and when, is the business of the controllers.
package recorder
