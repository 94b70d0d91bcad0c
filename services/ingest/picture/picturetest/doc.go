// Package picturetest draws the photos that tests send.
package picturetest
