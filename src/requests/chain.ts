/** An item of a chain: it knows its neighbors. */
export interface Chained<T> {
  previous: T | undefined
  next: T | undefined
}

/** Items in order. Adding one, and removing one from anywhere, cost the same at any length. */
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

  /** Adds an item that is in no chain. */
  push(item: T): void {
    item.previous = this.#last
    if (this.#last) this.#last.next = item
    else this.#first = item
    this.#last = item
    this.#size += 1
  }

  /** Removes an item that is in this chain. */
  remove(item: T): void {
    const { previous, next } = item
    if (previous) previous.next = next
    else this.#first = next
    if (next) next.previous = previous
    else this.#last = previous
    // A removed item that has become old would keep all that follow alive until the next full garbage collection.
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
