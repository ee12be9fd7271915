/** The jobs that this process is working on now. */
export interface ActiveJobs {
  /**
   * Registers a job.
   *
   * @param recheck renews the job's lease at once, or finds that it was lost
   * @returns a function that removes the job
   */
  add(id: string, recheck: () => void): () => void
  /** Has the lease on a generation rechecked, if this process works on it. */
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
