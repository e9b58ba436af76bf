// SPDX-License-Identifier: MIT
package main

const recentLimit = 100_000

// recent has the last values that were put; the oldest go. What must outlive this process is kept in
// a database instead, in the transaction that stores the message.
type recent[V any] struct {
	values map[string]V
	order  []string // a ring
	next   int
}

func newRecent[V any]() *recent[V] {
	return &recent[V]{values: map[string]V{}}
}

func (r *recent[V]) put(key string, value V) {
	if _, known := r.values[key]; !known {
		if len(r.order) < recentLimit {
			r.order = append(r.order, key)
		} else {
			delete(r.values, r.order[r.next])
			r.order[r.next] = key
			r.next = (r.next + 1) % recentLimit
		}
	}
	r.values[key] = value
}
