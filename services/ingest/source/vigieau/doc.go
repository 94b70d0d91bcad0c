// Package vigieau reads the drought restrictions that apply at a place, from the
// State's VigiEau service.
//
// In: a commune's INSEE code, or the position of an address, and a profile of
// user. Out: one record.Entry a resource (surface water, groundwater, drinking
// water) under restriction, with its level, its uses and its order (arrêté).
//
// The service answers 404 where nothing is restricted, or where the département
// is not covered: since a moved service also answers 404, its list of
// départements is asked for before restrictions are taken as lifted. It answers
// 409 where a commune has several zones: the configuration must then give the
// position of an address.
//
// Guaranteed: an item is a resource, so that a new order or level is a revision;
// a resource no longer restricted, or whose order has ended, is no longer given,
// which withdraws it.
//
// Interface: api.vigieau.gouv.fr/swagger.
package vigieau
