import { Generation } from '@darkroom/contracts/generation'
import { readRunFile } from '../../local/launch/run-file.ts'
import type { TestStudio } from '../../testing/studio/test-studio.ts'
import { createFilePart, createSubmissionRequest, createUploadRequest, toDataUrl } from '../bad-input/case.ts'
import { createFlatPng, createSmallImage, createSmallImages, type ImageFile } from '../bad-input/corpus-images.ts'
import { checkResponse } from './assert-response.ts'
import type { KnownResources } from './draft.ts'
import { type Outcome, sendRequest, type WireRequest } from './http.ts'
import { createFuzzRequest, type FuzzRequest } from './request.ts'

/** A studio with resources that requests can name. */
export interface FuzzTarget {
  studio: TestStudio
  port: number
  known: KnownResources
  images: readonly ImageFile[]
  /** A submission that was accepted. Sent again it must return the same generation. */
  validRequest: WireRequest
  /** Its processes at the start. */
  pids: Record<string, number>
}

/** Longer than the studio waits for a body that stalls. */
const RESPONSE_TIMEOUT_MS = 40_000
/** More in total than the studio's memory budget for bodies. */
const CONCURRENT_UPLOADS = { uploads: 6, bytes: 18_000_000 }

export async function prepareTarget(studio: TestStudio): Promise<FuzzTarget> {
  const port = Number(new URL(studio.url).port)
  const body = { clientId: crypto.randomUUID(), prompt: 'good', parameters: { resolution: 512 } }
  const validRequest = createSubmissionRequest({ ...body, referenceImages: [toDataUrl(await createSmallImage('png'))] })
  const response = await sendRequest(port, validRequest)
  const { id, references, createdAt } = Generation.parse(
    'body' in response ? JSON.parse(response.body.toString()) : null,
  )
  const [reference] = references
  const cursor = Buffer.from(`${createdAt}|${id}`).toString('base64url')
  const known = { generationId: id, referenceId: reference?.id ?? '', mediaPath: reference?.url ?? '', cursor }
  return {
    studio,
    port,
    known,
    images: await createSmallImages(),
    validRequest,
    pids: await readPids(studio),
  }
}

/** Sends one request of a seed and checks the response. */
export async function sendFuzzRequest(
  { port, known, images }: FuzzTarget,
  seed: string,
  number: number,
): Promise<{ fuzzed: FuzzRequest; outcome: Outcome; faults: string[] }> {
  const fuzzed = createFuzzRequest({ seed, number }, known, images)
  const outcome = await sendRequest(port, fuzzed.request, RESPONSE_TIMEOUT_MS)
  return { fuzzed, outcome, faults: await checkResponse(fuzzed, outcome, port) }
}

/** Sends several large uploads at once. Each must be accepted or refused with a Retry-After. */
export async function sendConcurrentUploads({ port }: FuzzTarget): Promise<{ outcomes: Outcome[]; faults: string[] }> {
  const request = createUploadRequest([
    createFilePart(Buffer.concat([createFlatPng(64, 64), Buffer.alloc(CONCURRENT_UPLOADS.bytes)])),
  ])
  const outcomes = await Promise.all(
    Array.from({ length: CONCURRENT_UPLOADS.uploads }, () => sendRequest(port, request, RESPONSE_TIMEOUT_MS)),
  )
  const faults = await Promise.all(
    outcomes.map(outcome => checkResponse({ request, mutations: [], isWellFormed: true }, outcome, port)),
  )
  return { outcomes, faults: faults.flat().map(fault => `a large upload: ${fault}`) }
}

/** Checks that the studio accepts a valid request and runs in the same processes. @returns what is wrong */
export async function checkStudio({ studio, port, validRequest, known, pids }: FuzzTarget): Promise<string[]> {
  const outcome = await sendRequest(port, validRequest)
  const works = 'body' in outcome && outcome.status === 200 && outcome.body.includes(known.generationId)
  const now = await readPids(studio)
  const restarted = Object.keys(pids).filter(name => now[name] !== pids[name])
  return [
    ...(works ? [] : [`the next good request does not work: ${outcome.status}`]),
    ...restarted.map(name => `${name} was restarted`),
  ]
}

async function readPids(studio: TestStudio): Promise<Record<string, number>> {
  const run = await readRunFile(studio.dataDir)
  const services = ['ingest', 'processor', 'query'].map(name => [name, run?.processes[name]?.pid ?? 0])
  return { gateway: run?.pid ?? 0, ...Object.fromEntries(services) }
}
