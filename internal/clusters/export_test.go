package clusters

// Surplus gives what a status has too much in a part.
var Surplus = Part.surplus
