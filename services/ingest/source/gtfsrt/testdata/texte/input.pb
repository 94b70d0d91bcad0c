header {
 gtfs_realtime_version: "2.0"
}