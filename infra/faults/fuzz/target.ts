import { Generation } from '@darkroom/contracts/generation'
import { readRunFile } from '../../local/launch/run-file.ts'
import type { TestStudio } from '../../testing/studio/test-studio.ts'
import { createFilePart, createSubmissionRequest, createUploadRequest, toDataUrl } from '../bad-input/case.ts'
import { createFlatPng, createSmallImage, createSmallImages, type ImageFile } from '../bad-input/corpus-images.ts'
import { checkResponse } from './assert-response.ts'
import type { KnownResources } from './draft.ts'
import { createExclusiveGate, type ExclusiveGate } from './exclusive-gate.ts'
import { type Outcome, sendRequest, type WireRequest } from './http.ts'
import { createFuzzRequest, type FuzzRequest } from './request.ts'
import { checkBudget, measureRequest, type RequestUse } from './request-budget.ts'

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
  /** Sends measured requests alone. */
  gate: ExclusiveGate
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
    gate: createExclusiveGate(),
  }
}

/** Sends one request of a seed and checks the response, and what it used if it is measured. */
export async function sendFuzzRequest(
  { port, known, images, pids, gate }: FuzzTarget,
  seed: string,
  number: number,
): Promise<{ fuzzed: FuzzRequest; outcome: Outcome; use: RequestUse | null; faults: string[] }> {
  const fuzzed = createFuzzRequest({ seed, number }, known, images)
  const send = () => sendRequest(port, fuzzed.request, RESPONSE_TIMEOUT_MS)
  if (!fuzzed.isMeasured) {
    const outcome = await gate.run({ isExclusive: false }, send)
    return { fuzzed, outcome, use: null, faults: await checkResponse(fuzzed, outcome, port) }
  }
  const { result: outcome, use } = await gate.run({ isExclusive: true }, () => measureRequest(pids, send))
  // A request that is not HTTP may be waited for: its body stalls.
  const excess = fuzzed.isWellFormed ? checkBudget(use) : []
  return { fuzzed, outcome, use, faults: [...(await checkResponse(fuzzed, outcome, port)), ...excess] }
}

/** Sends several large uploads at once. Each must be accepted or refused with a Retry-After. */
export async function sendConcurrentUploads({
  port,
  gate,
}: FuzzTarget): Promise<{ outcomes: Outcome[]; faults: string[] }> {
  const request = createUploadRequest([
    createFilePart(Buffer.concat([createFlatPng(64, 64), Buffer.alloc(CONCURRENT_UPLOADS.bytes)])),
  ])
  const sendAll = () =>
    Promise.all(
      Array.from({ length: CONCURRENT_UPLOADS.uploads }, () => sendRequest(port, request, RESPONSE_TIMEOUT_MS)),
    )
  const outcomes = await gate.run({ isExclusive: true }, sendAll)
  const faults = await Promise.all(
    outcomes.map(outcome =>
      checkResponse({ request, mutations: [], isWellFormed: true, isMeasured: false }, outcome, port),
    ),
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
