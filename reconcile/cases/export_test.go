package cases

// NearlySame is the rule about names of probable duplicates.
var NearlySame = nearlySame

// Days is how many working days there are until the deadline of a kind.
func (k Kind) Days() int { return k.rule().days }
