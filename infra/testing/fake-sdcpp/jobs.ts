import { renderImage } from '../fake-provider/image.ts'
import { makeWebm } from '../fake-provider/video.ts'
import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import type { WireJob, WireJobs } from '../provider-fakes/wire-jobs.ts'
import type { JobContent } from './job-request.ts'

/** Returns the state of a job [S async_jobs.cpp, make_async_job_json]. */
export async function createJobAnswer(job: WireJob<JobContent>, position: number): Promise<WireAnswer> {
  const status = toStatus(job)
  const { kind, createdAt } = job.content
  const result = status === 'completed' ? await createResult(job.content) : null
  const body = {
    ...{ id: job.id, kind, status, created: createdAt },
    started: status === 'queued' ? null : createdAt,
    completed: status === 'queued' || status === 'generating' ? null : createdAt,
    queue_position: status === 'queued' ? position : 0,
    result,
    error: ERRORS[status] ?? null,
  }
  return { status: 200, body }
}

const ERRORS: Partial<Record<string, { code: string; message: string }>> = {
  failed: { code: 'generation_failed', message: 'generate_image returned no results' },
  cancelled: { code: 'cancelled', message: 'job cancelled by client' },
}

/** Returns the response to a cancel: only a job in the queue is stopped [S routes_sdcpp.cpp]. */
export async function cancelJob(jobs: WireJobs<JobContent>, job: WireJob<JobContent>): Promise<WireAnswer> {
  const status = toStatus(job)
  if (status === 'generating')
    return { status: 409, body: { error: 'job is currently generating and cannot be interrupted yet' } }
  if (status === 'queued') jobs.cancel(job.id)
  return await createJobAnswer(job, 0)
}

/** Returns the state of a job, which is made during the last poll before its end; until then it is in the queue. */
function toStatus({ state, pollsLeft, content }: WireJob<JobContent>): string {
  if (state === 'finished') return content.fault === 'job-failed' ? 'failed' : 'completed'
  if (state === 'cancelled') return 'cancelled'
  return state === 'running' && pollsLeft <= 0 ? 'generating' : 'queued'
}

async function createResult(content: JobContent): Promise<unknown> {
  const { kind, seed, width, height, count, fps, frames, fault } = content
  if (kind === 'vid_gen') {
    const { type, pieces } = makeWebm({ width, height, seconds: frames / fps, bytes: 20_000 })
    const b64_json = Buffer.concat(pieces).toString('base64')
    return { output_format: 'webm', mime_type: type, fps, frame_count: frames, b64_json }
  }
  const made = fault === 'empty-answer' ? 0 : count + (fault === 'wrong-count' ? 1 : 0)
  const images = Array.from({ length: made }, async (_, index) => {
    const bytes = await renderImage({ width, height }, seed, index)
    return { index, b64_json: bytes.toString('base64') }
  })
  return { output_format: 'png', images: await Promise.all(images) }
}
