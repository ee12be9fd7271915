/** A job of a fake, and what it was submitted with. */
export interface WireJob<T> {
  id: string
  content: T
  /** Polls until it is finished. */
  pollsLeft: number
  state: 'queued' | 'running' | 'finished' | 'cancelled'
}

/** The jobs of a fake, by id. */
export interface WireJobs<T> {
  /** @param polls times that it is polled until it is finished */
  start(id: string, content: T, polls: number): WireJob<T>
  /** Returns a job as a poll finds it, and brings it a poll nearer to its end; undefined if there is none. */
  poll(id: string): WireJob<T> | undefined
  /** Returns a job, cancelled unless it is finished; undefined if there is none. */
  cancel(id: string): WireJob<T> | undefined
  find(id: string): WireJob<T> | undefined
}

export function createWireJobs<T>(): WireJobs<T> {
  const jobs = new Map<string, WireJob<T>>()
  return {
    start: (id, content, polls) => {
      const job: WireJob<T> = { id, content, pollsLeft: polls, state: 'queued' }
      jobs.set(id, job)
      return job
    },
    poll: id => {
      const job = jobs.get(id)
      if (!job || job.state === 'cancelled' || job.state === 'finished') return job
      job.state = job.pollsLeft <= 0 ? 'finished' : 'running'
      job.pollsLeft -= 1
      return job
    },
    cancel: id => {
      const job = jobs.get(id)
      if (job && job.state !== 'finished') job.state = 'cancelled'
      return job
    },
    find: id => jobs.get(id),
  }
}
