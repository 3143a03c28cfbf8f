package register

// board is an integrated care board, from public geography. Weights are such that
// the twelve boards of the merger of 1 April 2026 have about 27 % of all
// organisations.
type board struct {
	code   string
	name   string
	region string
	area   string // government office region
	weight int
	towns  []town
}

type town struct {
	name, county string
	postal       string // postcode area
	dial         string // dialling code, without its grouping
}

// regions are the seven NHS England regions.
var regions = [][2]string{
	{"Y56", "LONDON"},
	{"Y58", "SOUTH WEST"},
	{"Y59", "SOUTH EAST"},
	{"Y60", "MIDLANDS"},
	{"Y61", "EAST OF ENGLAND"},
	{"Y62", "NORTH WEST"},
	{"Y63", "NORTH EAST AND YORKSHIRE"},
}

var boards = []board{
	{"QE1", "LANCASHIRE AND SOUTH CUMBRIA", "Y62", "B", 4, []town{
		{"PRESTON", "LANCASHIRE", "PR", "01772"}, {"BLACKBURN", "LANCASHIRE", "BB", "01254"},
	}},
	{"QF7", "SOUTH YORKSHIRE", "Y63", "D", 4, []town{
		{"SHEFFIELD", "SOUTH YORKSHIRE", "S", "0114"}, {"DONCASTER", "SOUTH YORKSHIRE", "DN", "01302"},
	}},
	{"QGH", "HEREFORDSHIRE AND WORCESTERSHIRE", "Y60", "F", 2, []town{
		{"WORCESTER", "WORCESTERSHIRE", "WR", "01905"}, {"HEREFORD", "HEREFORDSHIRE", "HR", "01432"},
	}},
	{"QH8", "MID AND SOUTH ESSEX", "Y61", "G", 4, []town{
		{"BASILDON", "ESSEX", "SS", "01268"}, {"CHELMSFORD", "ESSEX", "CM", "01245"},
	}},
	{"QHG", "BEDFORDSHIRE, LUTON AND MILTON KEYNES", "Y61", "G", 3, []town{
		{"LUTON", "BEDFORDSHIRE", "LU", "01582"}, {"MILTON KEYNES", "BUCKINGHAMSHIRE", "MK", "01908"},
	}},
	{"QHL", "BIRMINGHAM AND SOLIHULL", "Y60", "F", 5, []town{
		{"BIRMINGHAM", "WEST MIDLANDS", "B", "0121"}, {"SOLIHULL", "WEST MIDLANDS", "B", "0121"},
	}},
	{"QHM", "NORTH EAST AND NORTH CUMBRIA", "Y63", "A", 9, []town{
		{"STOCKTON ON TEES", "CLEVELAND", "TS", "01642"},
		{"NEWCASTLE UPON TYNE", "TYNE AND WEAR", "NE", "0191"},
		{"CARLISLE", "CUMBRIA", "CA", "01228"},
	}},
	{"QJ2", "DERBY AND DERBYSHIRE", "Y60", "E", 3, []town{
		{"DERBY", "DERBYSHIRE", "DE", "01332"}, {"BUXTON", "DERBYSHIRE", "SK", "01298"},
	}},
	{"QJG", "SUFFOLK AND NORTH EAST ESSEX", "Y61", "G", 3, []town{
		{"IPSWICH", "SUFFOLK", "IP", "01473"}, {"COLCHESTER", "ESSEX", "CO", "01206"},
	}},
	{"QJK", "DEVON", "Y58", "K", 4, []town{
		{"EXETER", "DEVON", "EX", "01392"}, {"PLYMOUTH", "DEVON", "PL", "01752"},
	}},
	{"QJM", "LINCOLNSHIRE", "Y60", "E", 2, []town{
		{"LINCOLN", "LINCOLNSHIRE", "LN", "01522"}, {"GRANTHAM", "LINCOLNSHIRE", "NG", "01476"},
	}},
	{"QK1", "LEICESTER, LEICESTERSHIRE AND RUTLAND", "Y60", "E", 4, []town{
		{"LEICESTER", "LEICESTERSHIRE", "LE", "0116"}, {"OAKHAM", "RUTLAND", "LE", "01572"},
	}},
	{"QKK", "SOUTH EAST LONDON", "Y56", "H", 5, []town{
		{"LONDON", "GREATER LONDON", "SE", "020"}, {"BROMLEY", "KENT", "BR", "020"},
	}},
	{"QKS", "KENT AND MEDWAY", "Y59", "J", 5, []town{
		{"MAIDSTONE", "KENT", "ME", "01622"}, {"CANTERBURY", "KENT", "CT", "01227"},
	}},
	{"QM7", "HERTFORDSHIRE AND WEST ESSEX", "Y61", "G", 4, []town{
		{"WATFORD", "HERTFORDSHIRE", "WD", "01923"}, {"STEVENAGE", "HERTFORDSHIRE", "SG", "01438"},
	}},
	{"QMF", "NORTH EAST LONDON", "Y56", "H", 6, []town{
		{"LONDON", "GREATER LONDON", "E", "020"}, {"ROMFORD", "ESSEX", "RM", "01708"},
	}},
	{"QMJ", "NORTH CENTRAL LONDON", "Y56", "H", 5, []town{
		{"LONDON", "GREATER LONDON", "N", "020"}, {"ENFIELD", "MIDDLESEX", "EN", "020"},
	}},
	{"QMM", "NORFOLK AND WAVENEY", "Y61", "G", 3, []town{
		{"NORWICH", "NORFOLK", "NR", "01603"}, {"KINGS LYNN", "NORFOLK", "PE", "01553"},
	}},
	{"QNC", "STAFFORDSHIRE AND STOKE-ON-TRENT", "Y60", "F", 4, []town{
		{"STOKE ON TRENT", "STAFFORDSHIRE", "ST", "01782"}, {"STAFFORD", "STAFFORDSHIRE", "ST", "01785"},
	}},
	{"QNQ", "FRIMLEY", "Y59", "J", 2, []town{
		{"CAMBERLEY", "SURREY", "GU", "01276"}, {"SLOUGH", "BERKSHIRE", "SL", "01753"},
	}},
	{"QNX", "SUSSEX", "Y59", "J", 5, []town{
		{"BRIGHTON", "EAST SUSSEX", "BN", "01273"}, {"CRAWLEY", "WEST SUSSEX", "RH", "01293"},
	}},
	{"QOC", "SHROPSHIRE, TELFORD AND WREKIN", "Y60", "F", 2, []town{
		{"SHREWSBURY", "SHROPSHIRE", "SY", "01743"}, {"TELFORD", "SHROPSHIRE", "TF", "01952"},
	}},
	{"QOP", "GREATER MANCHESTER", "Y62", "B", 9, []town{
		{"MANCHESTER", "GREATER MANCHESTER", "M", "0161"}, {"BOLTON", "LANCASHIRE", "BL", "01204"}, {"STOCKPORT", "CHESHIRE", "SK", "0161"},
	}},
	{"QOQ", "HUMBER AND NORTH YORKSHIRE", "Y63", "D", 5, []town{
		{"HULL", "EAST YORKSHIRE", "HU", "01482"}, {"YORK", "NORTH YORKSHIRE", "YO", "01904"},
	}},
	{"QOX", "BATH AND NORTH EAST SOMERSET, SWINDON AND WILTSHIRE", "Y58", "K", 3, []town{
		{"BATH", "SOMERSET", "BA", "01225"}, {"SWINDON", "WILTSHIRE", "SN", "01793"},
	}},
	{"QPM", "NORTHAMPTONSHIRE", "Y60", "E", 2, []town{
		{"NORTHAMPTON", "NORTHAMPTONSHIRE", "NN", "01604"}, {"KETTERING", "NORTHAMPTONSHIRE", "NN", "01536"},
	}},
	{"QR1", "GLOUCESTERSHIRE", "Y58", "K", 2, []town{
		{"GLOUCESTER", "GLOUCESTERSHIRE", "GL", "01452"}, {"CHELTENHAM", "GLOUCESTERSHIRE", "GL", "01242"},
	}},
	{"QRL", "HAMPSHIRE AND ISLE OF WIGHT", "Y59", "J", 5, []town{
		{"SOUTHAMPTON", "HAMPSHIRE", "SO", "023"}, {"NEWPORT", "ISLE OF WIGHT", "PO", "01983"},
	}},
	{"QRV", "NORTH WEST LONDON", "Y56", "H", 7, []town{
		{"LONDON", "GREATER LONDON", "NW", "020"}, {"HARROW", "MIDDLESEX", "HA", "020"},
	}},
	{"QSL", "SOMERSET", "Y58", "K", 2, []town{
		{"TAUNTON", "SOMERSET", "TA", "01823"}, {"YEOVIL", "SOMERSET", "BA", "01935"},
	}},
	{"QT1", "NOTTINGHAM AND NOTTINGHAMSHIRE", "Y60", "E", 4, []town{
		{"NOTTINGHAM", "NOTTINGHAMSHIRE", "NG", "0115"}, {"MANSFIELD", "NOTTINGHAMSHIRE", "NG", "01623"},
	}},
	{"QT6", "CORNWALL AND THE ISLES OF SCILLY", "Y58", "K", 2, []town{
		{"TRURO", "CORNWALL", "TR", "01872"}, {"BODMIN", "CORNWALL", "PL", "01208"},
	}},
	{"QU9", "BUCKINGHAMSHIRE, OXFORDSHIRE AND BERKSHIRE WEST", "Y59", "J", 5, []town{
		{"OXFORD", "OXFORDSHIRE", "OX", "01865"}, {"READING", "BERKSHIRE", "RG", "0118"},
	}},
	{"QUA", "BLACK COUNTRY", "Y60", "F", 4, []town{
		{"WOLVERHAMPTON", "WEST MIDLANDS", "WV", "01902"}, {"DUDLEY", "WEST MIDLANDS", "DY", "01384"},
	}},
	{"QUE", "CAMBRIDGESHIRE AND PETERBOROUGH", "Y61", "G", 4, []town{
		{"CAMBRIDGE", "CAMBRIDGESHIRE", "CB", "01223"}, {"PETERBOROUGH", "CAMBRIDGESHIRE", "PE", "01733"},
	}},
	{"QUY", "BRISTOL, NORTH SOMERSET AND SOUTH GLOUCESTERSHIRE", "Y58", "K", 3, []town{
		{"BRISTOL", "AVON", "BS", "0117"}, {"WESTON SUPER MARE", "SOMERSET", "BS", "01934"},
	}},
	{"QVV", "DORSET", "Y58", "K", 3, []town{
		{"BOURNEMOUTH", "DORSET", "BH", "01202"}, {"DORCHESTER", "DORSET", "DT", "01305"},
	}},
	{"QWE", "SOUTH WEST LONDON", "Y56", "H", 5, []town{
		{"LONDON", "GREATER LONDON", "SW", "020"}, {"CROYDON", "SURREY", "CR", "020"},
	}},
	{"QWO", "WEST YORKSHIRE", "Y63", "D", 7, []town{
		{"LEEDS", "WEST YORKSHIRE", "LS", "0113"},
		{"BRADFORD", "WEST YORKSHIRE", "BD", "01274"},
		{"WAKEFIELD", "WEST YORKSHIRE", "WF", "01924"},
	}},
	{"QWU", "COVENTRY AND WARWICKSHIRE", "Y60", "F", 3, []town{
		{"COVENTRY", "WEST MIDLANDS", "CV", "024"}, {"WARWICK", "WARWICKSHIRE", "CV", "01926"},
	}},
	{"QXU", "SURREY HEARTLANDS", "Y59", "J", 3, []town{
		{"GUILDFORD", "SURREY", "GU", "01483"}, {"REDHILL", "SURREY", "RH", "01737"},
	}},
	{"QYG", "CHESHIRE AND MERSEYSIDE", "Y62", "B", 9, []town{
		{"LIVERPOOL", "MERSEYSIDE", "L", "0151"}, {"CHESTER", "CHESHIRE", "CH", "01244"}, {"WARRINGTON", "CHESHIRE", "WA", "01925"},
	}},
}

// wales stands for all of Wales. The old files give it a region and a board of its
// own, today's exports neither (connectors/ods/CONTRACT.md "Layouts").
var wales = board{"Q99", "WALES", "W00", "W", 0, []town{
	{"CARDIFF", "SOUTH GLAMORGAN", "CF", "029"},
	{"SWANSEA", "WEST GLAMORGAN", "SA", "01792"},
	{"WREXHAM", "CLWYD", "LL", "01978"},
}}

// welshBoards are the local health boards, which commission in Wales.
var welshBoards = []string{"7A1", "7A2", "7A3", "7A4", "7A5", "7A6", "7A7"}
