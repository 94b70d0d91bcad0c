package datex2

// kinds are the types of records and regulations, in French.
func kinds() map[string]string {
	return map[string]string{
		"Accident": "accident", "VehicleObstruction": "véhicule arrêté", "GeneralObstruction": "obstacle sur la chaussée",
		"AnimalPresenceObstruction": "animaux sur la chaussée", "EnvironmentalObstruction": "chaussée obstruée",
		"InfrastructureDamageObstruction": "chaussée endommagée", "AbnormalTraffic": "circulation difficile",
		"PoorEnvironmentConditions": "mauvaises conditions météo", "WeatherRelatedRoadConditions": "chaussée glissante",
		"NonWeatherRelatedRoadConditions": "chaussée dégradée", "MaintenanceWorks": "travaux", "ConstructionWorks": "travaux",
		"RoadOrCarriagewayOrLaneManagement": "restriction de circulation", "ReroutingManagement": "déviation",
		"SpeedManagement": "vitesse limitée", "WinterDrivingManagement": "équipements d’hiver obligatoires",
		"GeneralNetworkManagement": "gestion du trafic", "PublicEvent": "manifestation", "DisturbanceActivity": "trouble à la circulation",
		"AuthorityOperation": "opération des autorités", "EquipmentOrSystemFault": "équipement en panne",
		"RoadsideServiceDisruption": "service perturbé", "TransitInformation": "information sur les transports",
		"AccessRestriction": "accès restreint", "SpeedLimit": "vitesse limitée", "RerouteManagement": "déviation",
		"StandingOrParkingRestriction": "stationnement interdit", "DirectionRestriction": "sens de circulation imposé",
		"AlternateRoadOrCarriagewayOrLaneLayout": "circulation modifiée", "NoOvertaking": "dépassement interdit", "": "Restriction de circulation",
	}
}

// words are the values that say more than the type does.
func words() map[string]string {
	return map[string]string{
		// accidents
		"accident": "accident", "multivehicleAccident": "carambolage", "seriousAccident": "accident grave", "fuelSpillageAccident": "accident avec fuite de carburant",
		"jackknifedArticulatedLorry": "poids lourd en portefeuille", "overturnedVehicle": "véhicule renversé", "accidentInvolvingHazardousMaterials": "accident de matières dangereuses",
		// obstructions
		"brokenDownVehicle": "véhicule en panne", "abandonedVehicle": "véhicule abandonné", "vehicleOnWrongCarriageway": "véhicule à contresens",
		"vehicleOnFire": "véhicule en feu", "slowVehicle": "véhicule lent", "objectOnTheRoad": "objet sur la chaussée", "obstructionOnTheRoad": "obstacle sur la chaussée",
		"peopleOnRoadway": "personnes sur la chaussée", "spillageOnTheRoad": "produit répandu sur la chaussée", "unprotectedAccidentArea": "accident non protégé",
		"animalsOnTheRoad": "animaux sur la chaussée", "fallenTrees": "arbres tombés", "flooding": "chaussée inondée", "flashFloods": "inondation soudaine",
		"landslips": "glissement de terrain", "rockfalls": "chute de pierres", "avalanches": "avalanche", "mudSlide": "coulée de boue",
		"grassFire": "feu de végétation", "forestFire": "feu de forêt", "stormDamage": "dégâts de tempête", "burstWaterMain": "conduite d’eau rompue",
		"gasLeak": "fuite de gaz", "damagedRoadSurface": "chaussée endommagée", "damagedBridge": "pont endommagé",
		// traffic
		"queuingTraffic": "bouchon", "stationaryTraffic": "circulation à l’arrêt", "slowTraffic": "ralentissement", "heavyTraffic": "circulation dense",
		"unspecifiedAbnormalTraffic": "circulation difficile",
		// weather
		"blackIce": "verglas", "icyRoad": "chaussée verglacée", "ice": "verglas", "snowOnTheRoad": "neige sur la chaussée", "slipperyRoad": "chaussée glissante",
		"fog": "brouillard", "denseFog": "brouillard épais", "heavyRain": "fortes pluies", "strongWinds": "vent fort", "heavySnowfall": "fortes chutes de neige",
		"looseChippings": "gravillons", "oilOnRoad": "huile sur la chaussée",
		// works
		"maintenanceWork": "travaux de maintenance", "repairWork": "travaux de réparation", "resurfacingWork": "réfection de la chaussée",
		"grassCuttingWork": "fauchage", "treeAndVegetationCuttingWork": "élagage", "roadsideWork": "travaux en bord de route", "roadMarkingWork": "marquage au sol",
		"roadworkClearance": "fin de chantier", "installationWork": "travaux d’installation", "clearanceWork": "dégagement de la chaussée",
		"constructionWork": "travaux", "blastingWork": "tirs de mine", "demolitionWork": "démolition", "roadImprovementOrUpgrading": "aménagement de la route", "roadwideningWork": "élargissement de la route",
		// measures
		"roadClosed": "route fermée", "carriagewayClosures": "chaussée fermée", "laneClosures": "voies fermées", "lanesDeviated": "voies déportées",
		"singleAlternateLineTraffic": "circulation alternée", "contraflow": "circulation à double sens", "narrowLanes": "voies étroites",
		"closedPermanentlyForTheWinter": "route fermée pour l’hiver", "intermittentShortTermClosures": "coupures brèves", "weightRestrictionInOperation": "tonnage limité",
		"heightRestrictionInOperation": "hauteur limitée", "useOfSpecifiedLanesOrCarriagewaysAllowed": "voies réservées ouvertes",
		"followDiversionSigns": "déviation", "followLocalDiversion": "déviation", "doNotFollowDiversionSigns": "déviation suspendue",
		"useEntry": "entrée conseillée", "useExit": "sortie conseillée", "useIntersectionOrJunction": "itinéraire conseillé",
		"speedRestrictionInOperation": "vitesse limitée", "policeSpeedChecksInOperation": "contrôles de vitesse",
		"useOfSnowChainsOrTyresRecommended": "pneus neige conseillés", "useOfSnowTyresOrChainsCompulsory": "équipements d’hiver obligatoires",
		// events
		"demonstration": "manifestation", "march": "défilé", "parade": "défilé", "sportsMeeting": "épreuve sportive", "marathon": "marathon",
		"bicycleRace": "course cycliste", "festival": "festival", "fair": "foire", "market": "marché", "strike": "grève", "roadBlock": "barrage",
		// regulations
		"noEntry": "circulation interdite", "noParking": "stationnement interdit", "noStandingOrParking": "arrêt et stationnement interdits",
		"noThroughTraffic": "transit interdit", "noStopping": "arrêt interdit", "parkingProhibited": "stationnement interdit",
		"standingOrParkingProhibited": "arrêt et stationnement interdits", "oneWay": "sens unique", "alternateTraffic": "circulation alternée",
		// CIFS
		"ROAD_CLOSED": "route fermée", "ROAD_CLOSED_CONSTRUCTION": "route fermée pour travaux", "ROAD_CLOSED_EVENT": "route fermée pour un événement",
		"ROAD_CLOSED_HAZARD": "route fermée, danger", "CONSTRUCTION": "travaux", "HAZARD": "danger", "ACCIDENT": "accident", "HAZARD_ON_ROAD_CONSTRUCTION": "travaux",
		"ACCIDENT_MINOR": "accident", "ACCIDENT_MAJOR": "accident grave", "JAM": "bouchon", "JAM_LIGHT_TRAFFIC": "ralentissement", "JAM_MODERATE_TRAFFIC": "ralentissement",
		"JAM_HEAVY_TRAFFIC": "bouchon", "JAM_STAND_STILL_TRAFFIC": "circulation à l’arrêt",
		"HAZARD_ON_ROAD": "danger sur la chaussée", "HAZARD_ON_ROAD_OBJECT": "objet sur la chaussée", "HAZARD_ON_ROAD_POT_HOLE": "chaussée endommagée",
		"HAZARD_ON_ROAD_ROAD_KILL": "animal mort sur la chaussée", "HAZARD_ON_ROAD_LANE_CLOSED": "voie fermée", "HAZARD_ON_ROAD_OIL": "huile sur la chaussée",
		"HAZARD_ON_ROAD_ICE": "chaussée verglacée", "HAZARD_ON_ROAD_CAR_STOPPED": "véhicule arrêté", "HAZARD_ON_ROAD_TRAFFIC_LIGHT_FAULT": "feux en panne",
		"HAZARD_ON_SHOULDER": "danger sur le bas-côté", "HAZARD_ON_SHOULDER_CAR_STOPPED": "véhicule arrêté sur le bas-côté", "HAZARD_ON_SHOULDER_ANIMALS": "animaux sur le bas-côté",
		"HAZARD_WEATHER": "mauvaises conditions météo", "HAZARD_WEATHER_FLOOD": "chaussée inondée", "HAZARD_WEATHER_FOG": "brouillard", "HAZARD_WEATHER_HAIL": "grêle",
		"HAZARD_WEATHER_HEAVY_RAIN": "fortes pluies", "HAZARD_WEATHER_HEAVY_SNOW": "fortes chutes de neige", "HAZARD_WEATHER_FREEZING_RAIN": "pluie verglaçante",
		"HAZARD_WEATHER_HEAT_WAVE": "forte chaleur", "HAZARD_WEATHER_TORNADO": "tornade", "HAZARD_WEATHER_HURRICANE": "ouragan",
	}
}

func impacts() map[string]string {
	return map[string]string{
		"lanesBlocked": "voies bloquées", "roadBlocked": "route bloquée", "carriagewayBlocked": "chaussée bloquée",
		"carriagewayPartiallyObstructed": "chaussée en partie obstruée", "lanesPartiallyObstructed": "voies en partie obstruées",
		"roadPartiallyObstructed": "route en partie obstruée",
	}
}
