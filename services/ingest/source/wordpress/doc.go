// Package wordpress reads the posts of a WordPress site by its REST API, which
// says more than its feed: when a post was changed, its pictures, its categories.
//
// In: the address of a site, or of its API. Out: one record.Entry a post, newest
// change first. The first reading takes the latest posts, later ones what was
// modified since. Posts under a password are left out.
//
// Guaranteed: at most 100 posts a request, which is the API's limit; the pages
// that X-WP-TotalPages announces and no other; sites without pretty addresses are
// asked by ?rest_route=.
//
// Provider: developer.wordpress.org/rest-api/reference/posts.
package wordpress
