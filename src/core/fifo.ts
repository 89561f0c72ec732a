/** The place of an item in its queue, which can be deleted from it. */
export interface Place<T> {
  readonly item: T
}

interface LinkedPlace<T> extends Place<T> {
  previous: LinkedPlace<T> | undefined
  next: LinkedPlace<T> | undefined
}

/**
 * A first-in, first-out queue. Adding an item, taking the first one and deleting any one cost the same at any length.
 *
 * perf: a `Set` or a `Map` steps over all entries that were deleted at its head: to empty one of 100,000 from the front takes the
 * square of that many steps.
 */
export class Fifo<T> {
  #first: LinkedPlace<T> | undefined
  #last: LinkedPlace<T> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The item that `shift` would take. */
  get first(): T | undefined {
    return this.#first?.item
  }

  push(item: T): Place<T> {
    const place = { item, previous: this.#last, next: undefined }
    if (this.#last) this.#last.next = place
    else this.#first = place
    this.#last = place
    this.#size += 1
    return place
  }

  shift(): T | undefined {
    const place = this.#first
    if (place) this.#unlink(place)
    return place?.item
  }

  /** Deletes a place of this queue; does nothing if its item has been taken. */
  delete(place: Place<T>): void {
    const linked = place as LinkedPlace<T>
    if (linked.previous || linked === this.#first) this.#unlink(linked)
  }

  /** Removes all items and returns them in order. */
  clear(): T[] {
    return this.remove(() => true)
  }

  /** Removes the matching items and returns them in order. The others keep their places. */
  remove(matches: (item: T) => boolean): T[] {
    const removed: T[] = []
    let place = this.#first
    while (place) {
      const { item, next }: LinkedPlace<T> = place
      if (matches(item)) {
        this.#unlink(place)
        removed.push(item)
      }
      place = next
    }
    return removed
  }

  #unlink(place: LinkedPlace<T>): void {
    const { previous, next } = place
    if (previous) previous.next = next
    else this.#first = next
    if (next) next.previous = previous
    else this.#last = previous
    // A taken place that has become old would keep all that follow alive until the next full garbage collection.
    place.next = undefined
    place.previous = undefined
    this.#size -= 1
  }
}
