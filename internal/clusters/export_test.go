package clusters

// Surplus returns what a status must not have in a part.
var Surplus = Part.surplus
