

1.0ã¦ùÑÔ
105025*É
˜±ž´**70026**70027**70205**702060
8R

elevator unavailableenZø
õ
îIf exiting, pass through the fare gates, walk the full length of the Green Line platform to use North Station Elevator 909 (lobby to Valenti Way). If boarding, cross Causeway Street to use North Station Elevator 912 (lobby to street) or travel one-tenth of a mile down Haverhill Street to the entrance located at the intersection of Haverhill Street and Valenti Way.en»
144368*°
È°Á¾*
1CR-Haverhill*Bradford*
1CR-Haverhill*	Haverhill08R#
!
Haverhill Line track changeenZ½
º
³Due to the Merrimack River Bridge project, trains that operate between Bradford and Haverhill will only use the inbound track. Trains that are bused between Haverhill and Bradford will board on the outbound platform at Bradford for service into Boston. Note: Train 216 (1:35 pm from Haverhill) and Train 222 (6:09 pm from Haverhill) are bused from Haverhill Station to Bradford Station. The outbound platform at Bradford may be accessed via the crossing that is south (to the right when facing the tracks from the parking lot) of the mini-high platforms. Alternatively, the outbound platform can also be accessed via the sidewalk from Laurel Avenue.


Affected stops:
Bradford
Haverhillen£
169844*˜
˜‘°Å*
1Red*38671*
1Red*70105*
1CR-Kingston*	Braintree*"
1CR-Middleborough*	Braintree*
1210*38671*
1230*38671*
1236*386710
8R

Change at BraintreeenZÊ
Ç
ÀFor access to Braintree Station during this closure, travel down to the first floor and use the pedestrian crosswalk to enter the station at the street level.
This closure is due to the South Shore Parking Garages Improvements and Renovations Project. The pedestrian bridge will be replaced by a new garage lobby featuring elevators and stairwells.

Affected routes:
Red Line
210
230
236
Middleborough/Lakeville Line
Kingston/Plymouth LineenÑ
182702*Æ
¬´æÈ*
1215*3423*
1225*3423*
1230*3423*
1236*3423*
1238*34230
8	R+
)
#Hancock St @ Cottage Ave stop movedenZ1
/
)Affected routes:
215
225
230
236
238en²
185544*§
ˆ¢ùÉ*
1Red*70071*
1Red*7007208R

Change at Kendall/MITenZÓ
Ð
ÉAccess to the Kendall/MIT Station will remain open and accessible on the Main Street side of the station throughout this construction.
 
The pedestrian plaza between Carleton Street and Main Street in Kendall Square will be closed due to the construction of an underground garage. 
 
Customers are encouraged to utilize alternative paths to/from the station using the paths on Ames Street, Dock Street, or Wadsworth Street.

Affected routes:
Red Lineen¡
191286*–
å èÊÀÅ¨Ò**70075**70076**70196**70197**70198**70199**702000
8R

elevator unavailableenZ¤
¡
šIf entering the station, cross Tremont Street to the Boston Common and use Park Street Elevator 978 to the Green Line westbound platform. Red Line platform access is available via the elevator beyond the fare gates. If exiting the station, please travel down the Winter Street Concourse toward Downtown Crossing Station, exit through the fare gates, and take Downtown Crossing Elevator 892 to the street level.en