/** A job that waits for a decoder, as the queue sees it. */
export interface QueuedJob {
  /** Whom the job is done for. Clients take turns. */
  client: string
  /** Whether no user waits for the job: it starts when no other job waits. */
  isBackground: boolean
  /** Memory that the job may need, in bytes. */
  bytes: number
  /** Pixels of its image, which stand for its time. */
  pixels: number
}

export interface JobQueueOptions {
  /** Large jobs that run at once. Small ones have one slot more. */
  slots: number
  /** Memory of all running jobs together. */
  memoryBytes: number
}

/** The jobs that run, and which others may start beside them. */
export interface RunningJobs<Job extends QueuedJob> {
  readonly count: number
  /** Memory that the running jobs have reserved, never more than `memoryBytes`. */
  readonly reservedBytes: number
  countOf(client: string): number
  isSmall(job: Job): boolean
  /** Returns whether a job may start. One that is large, or of the background, has the spare slot only when it is overdue. */
  hasSlot(job: Job, isOverdue: boolean): boolean
  hasMemory(job: Job): boolean
  add(job: Job): void
  markSlow(job: Job): void
  remove(job: Job): void
}

/** Slots beyond those of the options: one that small jobs that users wait for always have, and one while a slow job runs. */
const SPARE_SLOTS = 2
/** Largest small job: a photo of 8 megapixels. */
const SMALL = { bytes: 32 * 1024 * 1024, pixels: 8_000_000 }

export function createRunningJobs<Job extends QueuedJob>(options: JobQueueOptions): RunningJobs<Job> {
  const running = new Map<Job, { isSlow: boolean }>()
  const { largeBytes, smallBytes } = splitMemory(options)

  const isSmall = ({ bytes, pixels }: Job) => bytes <= smallBytes && pixels <= SMALL.pixels
  const getReservation = ({ bytes }: Job) => Math.min(bytes, largeBytes)
  const sumReservations = (isCounted: (job: Job) => boolean) =>
    [...running.keys()].filter(isCounted).reduce((sum, job) => sum + getReservation(job), 0)
  const isDeferrable = (job: Job) => job.isBackground || !isSmall(job)
  const countOf = (client: string) => [...running.keys()].filter(job => job.client === client).length
  return {
    get count() {
      return running.size
    },
    get reservedBytes() {
      return sumReservations(() => true)
    },
    countOf,
    isSmall,
    hasSlot: (job, isOverdue) => {
      const hasSlow = [...running.values()].some(({ isSlow }) => isSlow)
      const isUnserved = !job.isBackground && (isSmall(job) || countOf(job.client) === 0)
      const slots = options.slots + Number(hasSlow && isUnserved)
      if (!isDeferrable(job)) return running.size < slots + 1
      return [...running.keys()].filter(isDeferrable).length < slots && running.size < slots + Number(isOverdue)
    },
    hasMemory: job => isSmall(job) || sumReservations(other => !isSmall(other)) + getReservation(job) <= largeBytes,
    add: job => void running.set(job, { isSlow: false }),
    markSlow: job => {
      const state = running.get(job)
      if (state) state.isSlow = true
    },
    remove: job => void running.delete(job),
  }
}

/** Splits the memory: each slot, and each spare one, has enough for a small job. The rest is for large ones. */
function splitMemory({ slots, memoryBytes }: JobQueueOptions): { smallBytes: number; largeBytes: number } {
  const smallJobs = slots + SPARE_SLOTS
  const smallBytes = Math.min(SMALL.bytes, Math.floor(memoryBytes / 2 / smallJobs))
  return { smallBytes, largeBytes: memoryBytes - smallBytes * smallJobs }
}
