// Package ids holds the ids by which DoS and the NHS know services of pharmacies, and
// what people call them (connectors/dos/CONTRACT.md "Services and their ids").
package ids

import "fmt"

// CodeLength is the length of a pharmacy's ODS code in DoS
// (connectors/dos/CONTRACT.md "The event"); its services may add a suffix.
const CodeLength = 5

// NHS service codes of pharmacies that DoS knows, and the code of distance sellers
// (connectors/website/CONTRACT.md "Types and parents").
const (
	PalliativeCare  = "SRV0559"
	BloodPressure   = "SRV0560"
	Contraception   = "SRV2000"
	DistanceSelling = "EPS0004"
)

// NHSNames are what the NHS services are called, by code.
var NHSNames = map[string]string{
	PalliativeCare: "Pharmacy palliative care medication stockholder",
	BloodPressure:  "NHS blood pressure check service",
	Contraception:  "NHS pharmacy contraception service",
}

// Types of services in DoS, which pharmacies have.
const (
	TypePharmacy        = 13
	TypeUrgent          = 131
	TypeEnhanced        = 132
	TypeDistanceSelling = 134
	TypeVariant         = 137
	TypePressure        = 148
	TypeContraception   = 149
)

// TypeNames are what the types are called.
var TypeNames = map[int]string{
	TypePharmacy: "community pharmacy", TypeUrgent: "urgent medicines supply", TypeEnhanced: "enhanced services",
	TypeDistanceSelling: "distance-selling pharmacy", TypeVariant: "pharmacy variant",
	TypePressure: "blood pressure check", TypeContraception: "contraception",
}

// Commissioned are the types that show an NHS service each, by its code: a change event
// opens and closes services of these types, and updates those of the others only while
// they are active.
var Commissioned = map[int]string{TypePressure: BloodPressure, TypeContraception: Contraception}

// Code pairs, symptom group and discriminator, say what a service is for
// (connectors/dos/CONTRACT.md "Quality checks").
const (
	PairPalliativeCare = "360=14167" // marks a stockholder
	PairPressure       = "360=14207"
	PairContraception  = "360=14210"
)

// Statuses of services.
const (
	StatusActive        = 1
	StatusCommissioning = 3
)

// Label names a service for people.
func Label(id int64, kind int) string { return fmt.Sprintf("service %d (type %d)", id, kind) }
