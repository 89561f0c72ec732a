interface Place<T> {
  readonly item: T
  next: Place<T> | undefined
}

/** A first-in, first-out queue. Adding and taking an item cost the same at any length. */
export class Fifo<T> {
  #first: Place<T> | undefined
  #last: Place<T> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: T): void {
    const place = { item, next: undefined }
    if (this.#last) this.#last.next = place
    else this.#first = place
    this.#last = place
    this.#size += 1
  }

  shift(): T | undefined {
    const place = this.#first
    if (!place) return undefined
    this.#first = place.next
    if (!this.#first) this.#last = undefined
    // A taken place that has become old would keep all that follow alive until the next full garbage collection.
    place.next = undefined
    this.#size -= 1
    return place.item
  }

  /** Removes all items and returns them in order. */
  clear(): T[] {
    return this.remove(() => true)
  }

  /** Removes the matching items and returns them in order. The others keep their order. */
  remove(matches: (item: T) => boolean): T[] {
    const removed: T[] = []
    for (let left = this.#size; left > 0; left -= 1) {
      const item = this.shift() as T
      if (matches(item)) removed.push(item)
      else this.push(item)
    }
    return removed
  }
}
