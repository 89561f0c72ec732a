/** An item in a chain, with references to its neighbors. */
export interface Chained<T> {
  previous: T | undefined
  next: T | undefined
}

/** An ordered list of items. Adding an item and removing any item take constant time. */
export class Chain<T extends Chained<T>> {
  #first: T | undefined
  #last: T | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): T | undefined {
    return this.#first
  }

  /** Adds an item that is not in any chain. */
  push(item: T): void {
    item.previous = this.#last
    if (this.#last) this.#last.next = item
    else this.#first = item
    this.#last = item
    this.#size += 1
  }

  /** Returns true if an item is in this chain. The item must not be in another chain. */
  has(item: T): boolean {
    return item.previous !== undefined || item === this.#first
  }

  /** Removes an item that is in this chain. */
  remove(item: T): void {
    const { previous, next } = item
    if (previous) previous.next = next
    else this.#first = next
    if (next) next.previous = previous
    else this.#last = previous
    // Otherwise, a removed item in the heap's old generation would keep its successors alive until the next full garbage collection.
    item.previous = undefined
    item.next = undefined
    this.#size -= 1
  }

  /** Returns a copy of the items, in order. */
  items(): T[] {
    const items: T[] = []
    for (let item = this.#first; item; item = item.next) items.push(item)
    return items
  }
}

/** An item's place in its queue. Pass it to `delete`. */
export interface Place<T> {
  readonly item: T
}

interface ChainedPlace<T> extends Place<T>, Chained<ChainedPlace<T>> {}

/**
 * A first-in, first-out queue. Adding an item, taking the first item and deleting any item take constant time.
 *
 * perf: a `Set` or a `Map` steps over all entries that were deleted at its start, so removing 100,000 entries from the front takes
 * quadratic time.
 */
export class Fifo<T> {
  readonly #places = new Chain<ChainedPlace<T>>()

  get size(): number {
    return this.#places.size
  }

  /** The item that `shift` would return. */
  get first(): T | undefined {
    return this.#places.first?.item
  }

  push(item: T): Place<T> {
    const place = { item, previous: undefined, next: undefined }
    this.#places.push(place)
    return place
  }

  shift(): T | undefined {
    const { first } = this.#places
    if (first) this.#places.remove(first)
    return first?.item
  }

  /** Deletes the item at a place in this queue. Has no effect if the item has already been taken. */
  delete(place: Place<T>): void {
    const chained = place as ChainedPlace<T>
    if (this.#places.has(chained)) this.#places.remove(chained)
  }

  /** Removes all items and returns them in order. */
  clear(): T[] {
    return this.remove(() => true)
  }

  /** Removes the matching items and returns them in order. The others keep their places. */
  remove(matches: (item: T) => boolean): T[] {
    const removed = this.#places.items().filter(({ item }) => matches(item))
    for (const place of removed) this.#places.remove(place)
    return removed.map(({ item }) => item)
  }
}
