import { createRunningJobs, type JobQueueOptions, type QueuedJob } from './running-jobs.ts'

export interface JobQueue<Job extends QueuedJob> {
  readonly waiting: number
  readonly running: number
  /** Memory that the running jobs have reserved, never more than `memoryBytes`. */
  readonly reservedBytes: number
  countWaiting(client: string): number
  isSmall(job: Job): boolean
  add(job: Job): void
  /** Removes a job that waits. */
  remove(job: Job): void
  /** Returns the job that starts now, if one may start, and counts it as running. */
  start(): Job | undefined
  /** Opens one slot more while a slow job runs, for small jobs and for clients without a running job. */
  markSlow(job: Job): void
  finish(job: Job): void
}

interface Entry<Job> {
  job: Job
  /** Later jobs that were started before this one. */
  overtakes: number
}

/** Overtakes after which a job comes before the smaller ones of its client, and no large one may use memory that it needs. */
const MAX_OVERTAKES = 8
/** Overtakes after which background work counts as work that a user waits for. */
const MAX_BACKGROUND_OVERTAKES = 64

/**
 * Creates the queue of all clients' jobs. Jobs that users wait for come before the background; among them those of the client with
 * the fewest running jobs, then of the one served longest ago; of its jobs the small ones, unless another was overtaken too often.
 *
 * Small jobs have one slot more, and a share of the memory that is enough for all slots, so they never wait for the memory of a large
 * one. Large ones share the rest; one that is larger than that runs as the only large one.
 */
export function createJobQueue<Job extends QueuedJob>(options: JobQueueOptions): JobQueue<Job> {
  const entries: Entry<Job>[] = []
  const running = createRunningJobs<Job>(options)
  const lastStarts = new Map<string, number>()
  let starts = 0

  const isOverdue = ({ job, overtakes }: Entry<Job>) =>
    overtakes >= (job.isBackground ? MAX_BACKGROUND_OVERTAKES : MAX_OVERTAKES)
  const getRank = (entry: Entry<Job>) => [
    Number(entry.job.isBackground && !isOverdue(entry)),
    running.countOf(entry.job.client),
    lastStarts.get(entry.job.client) ?? 0,
    Number(!isOverdue(entry)),
    Number(!running.isSmall(entry.job)),
  ]
  const findNext = () => {
    const ranked = entries.map(entry => ({ entry, rank: getRank(entry) })).sort((a, b) => compareRanks(a.rank, b.rank))
    let isLargeBlocked = false
    for (const { entry } of ranked) {
      const isBlocked = isLargeBlocked && !running.isSmall(entry.job)
      if (!isBlocked && running.hasSlot(entry.job, isOverdue(entry)) && running.hasMemory(entry.job)) return entry
      isLargeBlocked ||= isOverdue(entry) && !running.hasMemory(entry.job)
    }
    return undefined
  }
  const countWaiting = (client: string) => entries.filter(({ job }) => job.client === client).length
  const forgetIdle = (client: string) => {
    if (running.countOf(client) + countWaiting(client) === 0) lastStarts.delete(client)
  }

  return {
    get waiting() {
      return entries.length
    },
    get running() {
      return running.count
    },
    get reservedBytes() {
      return running.reservedBytes
    },
    countWaiting,
    isSmall: running.isSmall,
    add: job => {
      // A client that is new comes before the one served last, and after those that have waited since an earlier start.
      if (!lastStarts.has(job.client)) lastStarts.set(job.client, starts - 1)
      entries.push({ job, overtakes: 0 })
    },
    remove: job => {
      const position = entries.findIndex(entry => entry.job === job)
      if (position >= 0) entries.splice(position, 1)
      forgetIdle(job.client)
    },
    start: () => {
      const next = findNext()
      if (!next) return undefined
      const position = entries.indexOf(next)
      for (const earlier of entries.slice(0, position)) earlier.overtakes += 1
      entries.splice(position, 1)
      running.add(next.job)
      starts += 1
      lastStarts.set(next.job.client, starts)
      return next.job
    },
    markSlow: running.markSlow,
    finish: job => {
      running.remove(job)
      forgetIdle(job.client)
    },
  }
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [position, value] of a.entries()) {
    const difference = value - (b[position] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
