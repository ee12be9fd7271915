/** Most different names that are counted. A file of generated keys must not fill the memory. */
const MAX_NAMES = 1_000
const OTHERS = '(others)'

/** Counts of what a source has that is not imported, and that is no failure. */
export interface ImportNotes {
  /** Keys that are dropped: `foo`, `outputs.foo`. */
  unknownKeys: NameCounts
  /** Files of other kinds, by extension. */
  passedOver: NameCounts
  /** Parts of generations that are not imported, by the reason. */
  leftOut: NameCounts
}

/** Counts names, of which there may be any number. */
export class NameCounts {
  private readonly counts = new Map<string, number>()

  add(name: string, count = 1): void {
    if (count === 0) return
    const counted = this.counts.has(name) || this.counts.size < MAX_NAMES ? name : OTHERS
    this.counts.set(counted, (this.counts.get(counted) ?? 0) + count)
  }

  /** Returns the counts by name, the most frequent first. */
  toObject(toText: (name: string) => string = name => name): Record<string, number> {
    const entries = [...this.counts].toSorted(([, one], [, other]) => other - one)
    return Object.fromEntries(entries.map(([name, count]) => [toText(name), count]))
  }
}

export function createNotes(): ImportNotes {
  return { unknownKeys: new NameCounts(), passedOver: new NameCounts(), leftOut: new NameCounts() }
}
