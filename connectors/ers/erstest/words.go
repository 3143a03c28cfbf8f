package erstest

import (
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

var began = profile.NewDate(2004, time.June, 1)

// department is a typical service of a hospital.
type department struct {
	specialty   string // its code and label
	label       string
	clinic      string // the clinic type's code
	name        string
	appointment string   // code of an appointment type
	also        []string // further parents of the clinic type
}

var departments = []department{
	{"CARDIOLOGY", "Cardiology", "RAPID_ACCESS_CHEST_PAIN", "Rapid Access Chest Pain", "FIRST_OUTPATIENT", nil},
	{"CARDIOLOGY", "Cardiology", "ARRHYTHMIA", "Arrhythmia", "FIRST_OUTPATIENT", nil},
	{"CARDIOLOGY", "Cardiology", "HEART_FAILURE", "Heart Failure", "NURSE_CLINIC", nil},
	{"DERMATOLOGY", "Dermatology", "GENERAL_DERMATOLOGY", "General Dermatology", "FIRST_OUTPATIENT", nil},
	{"DERMATOLOGY", "Dermatology", "SKIN_CANCER_2WW", "2WW Suspected Skin Cancer", "FIRST_OUTPATIENT", nil},
	{"UROLOGY", "Urology", "GENERAL_UROLOGY", "General Urology", "FIRST_OUTPATIENT", nil},
	{"UROLOGY", "Urology", "HAEMATURIA", "One Stop Haematuria", "DAY_CASE", nil},
	{"OPHTHALMOLOGY", "Ophthalmology", "CATARACT", "Cataract", "OPHTHALMOLOGIST", nil},
	{"OPHTHALMOLOGY", "Ophthalmology", "GLAUCOMA", "Glaucoma", "OPHTHALMOLOGIST", nil},
	{"OPHTHALMOLOGY", "Ophthalmology", "MEDICAL_RETINA", "Medical Retina", "ASSESSMENT_SERVICE", nil},
	{"ENT", "Ear, Nose & Throat", "GENERAL_ENT", "General Adult ENT", "FIRST_OUTPATIENT", nil},
	{"ENT", "Ear, Nose & Throat", "TINNITUS", "Tinnitus", "AHP_CLINIC", []string{"AUDIOLOGY"}},
	{"AUDIOLOGY", "Audiology", "HEARING_AID_ASSESSMENT", "Age Related Hearing Loss", "AHP_CLINIC", []string{"ENT"}},
	{"ORTHOPAEDICS", "Orthopaedics", "HIP", "Hip", "FIRST_OUTPATIENT", nil},
	{"ORTHOPAEDICS", "Orthopaedics", "KNEE", "Knee", "FIRST_OUTPATIENT", nil},
	{"ORTHOPAEDICS", "Orthopaedics", "HAND_AND_WRIST", "Hand and Wrist", "FIRST_OUTPATIENT", nil},
	{"ORTHOPAEDICS", "Orthopaedics", "MSK_CATS", "Musculoskeletal Clinical Assessment and Triage", "ASSESSMENT_SERVICE", nil},
	{"PHYSIOTHERAPY", "Physiotherapy", "MUSCULOSKELETAL", "MSK Physiotherapy", "AHP_CLINIC", []string{"ORTHOPAEDICS"}},
	{"PHYSIOTHERAPY", "Physiotherapy", "PELVIC_HEALTH", "Women's Pelvic Health Physiotherapy", "AHP_CLINIC", []string{"GYNAECOLOGY"}},
	{"GYNAECOLOGY", "Gynaecology", "GENERAL_GYNAECOLOGY", "General Gynaecology", "FIRST_OUTPATIENT", nil},
	{"GYNAECOLOGY", "Gynaecology", "COLPOSCOPY", "Colposcopy", "DAY_CASE", nil},
	{"GYNAECOLOGY", "Gynaecology", "MENOPAUSE", "Menopause", "GPSI", nil},
	{"GI_AND_LIVER", "GI and Liver (Medicine and Surgery)", "COLORECTAL_SURGERY", "Colorectal", "FIRST_OUTPATIENT", nil},
	{
		"GI_AND_LIVER", "GI and Liver (Medicine and Surgery)", "LOWER_GI_2WW",
		"2WW Suspected Lower GI Cancer - Straight to Test", "TELEPHONE_ASSESSMENT", nil,
	},
	{"DIAGNOSTIC_ENDOSCOPY", "Diagnostic Endoscopy", "GASTROSCOPY", "Direct Access Gastroscopy", "DIAGNOSTIC", nil},
	{"DIAGNOSTIC_IMAGING", "Diagnostic Imaging", "DEXA", "DEXA Bone Density Scan", "DIAGNOSTIC", nil},
	{"DIAGNOSTIC_IMAGING", "Diagnostic Imaging", "NON_OBSTETRIC_ULTRASOUND", "Non-obstetric Ultrasound", "DIAGNOSTIC", nil},
	{
		"DIAGNOSTIC_PHYSIOLOGICAL_MEASUREMENT", "Diagnostic Physiological Measurement", "ECHOCARDIOGRAM",
		"Community Echocardiogram", "DIAGNOSTIC",
		[]string{"CARDIOLOGY"},
	},
	{"BREAST_SURGERY", "Breast Surgery", "BREAST_CANCER_2WW", "2WW Suspected Breast Cancer", "FIRST_OUTPATIENT", nil},
	{"NEUROLOGY", "Neurology", "HEADACHE", "Headache", "FIRST_OUTPATIENT", nil},
	{"NEUROLOGY", "Neurology", "EPILEPSY", "First Fit and Epilepsy", "NURSE_CLINIC", nil},
	{"RESPIRATORY_MEDICINE", "Respiratory Medicine", "ASTHMA", "Asthma", "NURSE_CLINIC", nil},
	{
		"SLEEP_MEDICINE", "Sleep Medicine", "SLEEP_APNOEA",
		"Obstructive Sleep Apnoea", "TELEPHONE_ASSESSMENT",
		[]string{"RESPIRATORY_MEDICINE"},
	},
	{"DIABETIC_MEDICINE", "Diabetic Medicine", "GENERAL_DIABETIC", "Type 2 Diabetes", "FIRST_OUTPATIENT", []string{"ENDOCRINOLOGY"}},
	{"ENDOCRINOLOGY", "Endocrinology and Metabolic Medicine", "THYROID", "Thyroid", "FIRST_OUTPATIENT", nil},
	{"RHEUMATOLOGY", "Rheumatology", "EARLY_ARTHRITIS", "Early Inflammatory Arthritis", "FIRST_OUTPATIENT", nil},
	{"PAIN_MANAGEMENT", "Pain Management", "CHRONIC_PAIN", "Chronic Pain", "ASSESSMENT_SERVICE", nil},
	{"PODIATRY", "Podiatry", "FOOT_AND_ANKLE", "Nail Surgery", "AHP_CLINIC", []string{"ORTHOPAEDICS"}},
	{"DIETETICS", "Dietetics", "WEIGHT_MANAGEMENT", "Tier 3 Weight Management", "AHP_CLINIC", nil},
	{"CHILDREN_AND_ADOLESCENT", "Children's & Adolescent Services", "GENERAL_PAEDIATRICS", "General Paediatrics", "FIRST_OUTPATIENT", nil},
	{"MENTAL_HEALTH_ADULT", "Mental Health - Adults of all ages", "MEMORY_CLINIC", "Memory Assessment", "ASSESSMENT_SERVICE", nil},
	{"ORAL_AND_MAXILLOFACIAL", "Oral and Maxillofacial Surgery", "MINOR_ORAL_SURGERY", "Minor Oral Surgery", "DAY_CASE", nil},
	{"SURGERY_NOT_OTHERWISE_SPECIFIED", "Surgery - Not Otherwise Specified", "HERNIA", "Hernia", "FIRST_OUTPATIENT", nil},
	{"VASCULAR", "Surgery - Vascular", "VARICOSE_VEINS", "Varicose Veins", "DAY_CASE", nil},
	{"HAEMATOLOGY", "Haematology", "ANTICOAGULATION", "Anticoagulation", "NURSE_CLINIC", nil},
}

var appointmentTypes = map[string]string{
	"DAY_CASE": "Day Case", "FIRST_OUTPATIENT": "First Outpatient", "ASSESSMENT_SERVICE": "Assessment Service", "GPSI": "GPSI",
	"AHP_CLINIC": "AHP Clinic", "DIAGNOSTIC": "Diagnostic", "NURSE_CLINIC": "Nurse Clinic", "OPHTHALMOLOGIST": "Ophthalmologist",
	"TELEPHONE_ASSESSMENT": "Telephone Assessment",
}

var (
	bookable  = services.Coding{Code: "BOOKABLE", Display: "A service which supports a patient appointment"}
	reviewing = services.Coding{
		Code:    "REVIEW",
		Display: "A service that reviews referrals, without the support or need for any appointment with the patient to be made",
	}
	advising = services.Coding{
		Code:    "ADVICE_AND_GUIDANCE",
		Display: "A service which can discuss the patient and receive guidance rather than a patient attending an appointment",
	}
	directly   = services.Coding{Code: "DIRECTLY_BOOKABLE", Display: "Directly Bookable"}
	indirectly = services.Coding{Code: "INDIRECTLY_BOOKABLE", Display: "Indirectly Bookable"}
)

// hours are free texts, as departments type them.
var hours = []string{
	"9-5 Mon-Fri", "Mon-Fri 0900-1700", "Monday to Friday 9.00am to 4.30pm, excluding bank holidays", "Tues AM and Thurs PM",
	"08:00 - 18:00 weekdays; alternate Saturdays", "Wednesdays only", "24/7", "Mon - Thu 8.30 - 17.00\nFri 8.30 - 16.00", "Varies by clinic",
}

var instructions = []string{
	"Please bring a list of current medication and a urine sample.",
	"Please attach recent bloods (within 3 months) & ECG to the referral.",
	"Patients should not drive home after the appointment as eye drops will be used.",
	"Arrive 15 minutes early. The department is on Level 2, follow the blue line.",
	"Referrals without imaging will be returned.\nSee local pathway before referring.",
	"Children must be accompanied by a parent or guardian.",
}

func retired(year int, month time.Month, day int) profile.Date {
	return profile.NewDate(year, month, day)
}

var recordedSpecialties = []Concept{
	{Code: "ADULT_MENTAL_ILLNESS", Display: "Adult Mental Illness", To: retired(2008, time.May, 9)},
	{Code: "ALLERGY", Display: "Allergy"},
	{Code: "AUDIOLOGICAL_MEDICINE", Display: "Audiological Medicine", To: retired(2008, time.May, 9)},
	{Code: "BONE_AND_MARROW_TRANSPLANTATION", Display: "Bone and Marrow Transplantation", To: retired(2008, time.May, 9)},
}

var recordedClinics = []Concept{
	{
		Code: "GENERAL_ADULT_MENTAL_ILLNESS", Display: "General Adult Mental Illness", To: retired(2008, time.May, 9),
		Specialties: []string{"ADULT_MENTAL_ILLNESS"},
	},
	{Code: "ALLERGY_1", Display: "Allergy", Specialties: []string{"ALLERGY"}},
	{
		Code: "FOOD_AND_DRUG_ALLERGY", Display: "Food and Drug Allergy", To: retired(2009, time.March, 14),
		Specialties: []string{"ALLERGY"},
	},
	{
		Code: "GENERAL_PAEDIATRIC_AUDIOLOGICAL_MEDICINE", Display: "General Paediatric Audiological Medicine",
		To: retired(2007, time.November, 16), Specialties: []string{"AUDIOLOGICAL_MEDICINE"},
	},
	{
		Code: "GENERAL_ADULT_AUDIOLOGICAL_MEDICINE", Display: "General Adult Audiological Medicine",
		To: retired(2008, time.May, 9), Specialties: []string{"AUDIOLOGICAL_MEDICINE"},
	},
	{
		Code: "GENERAL_AUDIOLOGICAL_MEDICINE", Display: "General Audiological Medicine", To: retired(2008, time.May, 9),
		Specialties: []string{"AUDIOLOGICAL_MEDICINE"},
	},
	{
		Code: "GENERAL_BONE_AND_MARROW_TRANSPLANTATION", Display: "General Bone and Marrow Transplantation",
		To: retired(2008, time.May, 9), Specialties: []string{"BONE_AND_MARROW_TRANSPLANTATION"},
	},
}

var priorities = []Concept{
	{Code: "ROUTINE", Display: "Routine", DeferDays: 40, TriageDays: 40},
	{Code: "URGENT", Display: "urgent", DeferDays: 10, TriageDays: 5},
	{Code: "TWO_WEEK_WAIT", Display: "Two Week Wait", DeferDays: 5, TriageDays: 2},
}

// reasonsWhy stands in for the three lists of reasons, which are never shown.
var reasonsWhy = []Concept{
	{Code: "NOT_SPECIFIED", Display: "Not specified"},
	{Code: "PATIENT_DIED", Display: "Patient died"},
	{Code: "OTHER", Display: "Other", To: retired(2007, time.June, 25)},
}
