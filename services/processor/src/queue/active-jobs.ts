/** The generations that this process holds now. */
export interface ActiveJobs {
  /** Notes one, with what to do when it should be seen at once whether the hold still stands; the answer takes it off. */
  add(id: string, recheck: () => void): () => void
  /** Has the hold on a generation looked at, if this process has it. */
  recheck(id: string): void
}

export function createActiveJobs(): ActiveJobs {
  const rechecks = new Map<string, () => void>()
  return {
    add: (id, recheck) => {
      rechecks.set(id, recheck)
      return () => {
        if (rechecks.get(id) === recheck) rechecks.delete(id)
      }
    },
    recheck: id => rechecks.get(id)?.(),
  }
}
