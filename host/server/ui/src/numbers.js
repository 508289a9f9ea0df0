/** A growing list of numbers in ascending order, which loses its smallest ones. */
export class Numbers {
  #items = new Uint32Array(1_024);
  #from = 0;
  #to = 0;

  get length() {
    return this.#to - this.#from;
  }

  /** @param {number} position */
  at(position) {
    return this.#items[this.#from + position] ?? 0;
  }

  /** @param {number} number */
  push(number) {
    if (this.#to === this.#items.length) {
      const live = this.#items.subarray(this.#from, this.#to);
      const items = new Uint32Array(Math.max(1_024, live.length * 2));
      items.set(live);
      [this.#items, this.#to, this.#from] = [items, live.length, 0];
    }
    this.#items[this.#to] = number;
    this.#to += 1;
  }

  /**
   * Returns the position of the first number that is at least as large.
   * @param {number} number
   */
  find(number) {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param {number} number */
  dropBelow(number) {
    this.#from += this.find(number);
  }
}
