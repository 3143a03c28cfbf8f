package cases

// NearlySame is the rule about names of probable duplicates.
var NearlySame = nearlySame
