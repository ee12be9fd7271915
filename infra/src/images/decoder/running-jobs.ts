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
  /** Jobs that run at once. */
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
  hasSlot(job: Job): boolean
  hasMemory(job: Job): boolean
  add(job: Job): void
  markSlow(job: Job): void
  remove(job: Job): void
}

/** Largest small job: a photo of 8 megapixels. */
const SMALL = { bytes: 32 * 1024 * 1024, pixels: 8_000_000 }

export function createRunningJobs<Job extends QueuedJob>(options: JobQueueOptions): RunningJobs<Job> {
  const running = new Map<Job, { isSlow: boolean }>()
  const { largeBytes, smallBytes } = splitMemory(options)

  const isSmall = ({ bytes, pixels }: Job) => bytes <= smallBytes && pixels <= SMALL.pixels
  const getReservation = ({ bytes }: Job) => Math.min(bytes, largeBytes)
  const sumReservations = (isCounted: (job: Job) => boolean) =>
    [...running.keys()].filter(isCounted).reduce((sum, job) => sum + getReservation(job), 0)
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
    hasSlot: job => {
      if (running.size < options.slots) return true
      const isSpareOpen = running.size === options.slots && [...running.values()].some(({ isSlow }) => isSlow)
      return isSpareOpen && !job.isBackground && (isSmall(job) || countOf(job.client) === 0)
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

/** Splits the memory: each slot, and the spare one, has enough for a small job. The rest is for large ones. */
function splitMemory({ slots, memoryBytes }: JobQueueOptions): { smallBytes: number; largeBytes: number } {
  const smallJobs = slots + 1
  const smallBytes = Math.min(SMALL.bytes, Math.floor(memoryBytes / 2 / smallJobs))
  return { smallBytes, largeBytes: memoryBytes - smallBytes * smallJobs }
}
