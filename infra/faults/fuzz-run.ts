import { Generation } from '@darkroom/contracts/generation'
import { readRunFile } from '../local/run-file.ts'
import { sleep } from '../src/deadline.ts'
import { dataUrl, filePart, submission, upload } from './bad-input-case.ts'
import { flatPng, type PictureFile, smallPicture, smallPictures } from './corpus-pictures.ts'
import type { Facts } from './fuzz-draft.ts'
import { exchange, type Outcome, type WireRequest } from './fuzz-http.ts'
import { faultsOf } from './fuzz-judge.ts'
import { type Memory, watchMemory } from './fuzz-memory.ts'
import { type FuzzRequest, fuzzRequest } from './fuzz-request.ts'
import type { TestStudio } from './studio.ts'

/** A request after which something was not as it has to be. */
export interface Failure {
  number: number
  made: FuzzRequest
  faults: string[]
}

export interface Report {
  requests: number
  /** How often each status came. */
  statuses: Record<string, number>
  failures: number
  memory: Memory[]
}

export interface Target {
  studio: TestStudio
  port: number
  facts: Facts
  pictures: readonly PictureFile[]
  /** A submission that was accepted: sent again it has to give the same again. */
  good: WireRequest
  goodId: string
  pids: Record<string, number>
}

const PER_SECOND = 60
const AT_ONCE = 6
/** Longer than the studio waits for a body of which nothing more comes. */
const PATIENCE_MS = 40_000
const CHECK_EVERY = 50
const CROWD_EVERY = 500
/** Together more than the studio has memory for. */
const CROWD = { uploads: 6, bytes: 18_000_000 }
const REST_MS = 5_000
const ENOUGH_FAILURES = 20

/** A studio with something in it, to be sent things. */
export async function prepare(studio: TestStudio): Promise<Target> {
  const port = Number(new URL(studio.url).port)
  const body = { clientId: crypto.randomUUID(), prompt: 'good', parameters: { resolution: 512 } }
  const good = submission({ ...body, referenceImages: [dataUrl(await smallPicture('png'))] })
  const answer = await exchange(port, good)
  const { id, references, createdAt } = Generation.parse('body' in answer ? JSON.parse(answer.body.toString()) : null)
  const [reference] = references
  const cursor = Buffer.from(`${createdAt}|${id}`).toString('base64url')
  const facts = { generationId: id, referenceId: reference?.id ?? '', mediaPath: reference?.url ?? '', cursor }
  return { studio, port, facts, pictures: await smallPictures(), good, goodId: id, pids: await pidsOf(studio) }
}

/** Sends made-up requests, a bounded number a second, until the signal is aborted. @param fail told of each failure */
export async function fuzz(
  target: Target,
  seed: string,
  signal: AbortSignal,
  fail: (failure: Failure) => void,
): Promise<Report> {
  const watch = watchMemory(target.pids)
  const enough = new AbortController()
  const ended = AbortSignal.any([signal, enough.signal])
  const statuses: Record<string, number> = {}
  const began = performance.now()
  let [next, failures] = [0, 0]
  const worker = async () => {
    while (!ended.aborted) {
      const number = next++
      await sleep(Math.max(0, began + (number * 1_000) / PER_SECOND - performance.now()), ended)
      const { made, outcome, faults } = await sendOne(target, seed, number)
      count(statuses, outcome)
      if (number % CHECK_EVERY === 0) faults.push(...(await faultsOfStudio(target)))
      if (number % CROWD_EVERY === 0) faults.push(...(await faultsOfCrowd(target, statuses)))
      if (number % PER_SECOND === 0) await watch.look()
      if (faults.length === 0) continue
      fail({ number, made, faults })
      failures += 1
      if (failures >= ENOUGH_FAILURES) enough.abort()
    }
  }
  await watch.look()
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  await sleep(REST_MS, new AbortController().signal)
  await watch.look()
  const requests = Object.values(statuses).reduce((sum, count) => sum + count, 0)
  return { requests, statuses, failures, memory: watch.table() }
}

/** Sends one request of a seed and judges what comes back. */
export async function sendOne(
  { port, facts, pictures }: Target,
  seed: string,
  number: number,
): Promise<{ made: FuzzRequest; outcome: Outcome; faults: string[] }> {
  const made = fuzzRequest({ seed, number }, facts, pictures)
  const outcome = await exchange(port, made.request, PATIENCE_MS)
  return { made, outcome, faults: await faultsOf(made, outcome, port) }
}

/** Several large uploads at once: each is taken, or told to come back. */
async function faultsOfCrowd({ port }: Target, statuses: Record<string, number>): Promise<string[]> {
  const request = upload([filePart(Buffer.concat([flatPng(64, 64), Buffer.alloc(CROWD.bytes)]))])
  const outcomes = await Promise.all(Array.from({ length: CROWD.uploads }, () => exchange(port, request, PATIENCE_MS)))
  for (const outcome of outcomes) count(statuses, outcome)
  const faults = await Promise.all(outcomes.map(outcome => faultsOf({ request, done: [], sound: true }, outcome, port)))
  return faults.flat().map(words => `a large upload: ${words}`)
}

function count(statuses: Record<string, number>, { status }: Outcome): void {
  statuses[status] = (statuses[status] ?? 0) + 1
}

async function faultsOfStudio({ studio, port, good, goodId, pids }: Target): Promise<string[]> {
  const outcome = await exchange(port, good)
  const works = 'body' in outcome && outcome.status === 200 && outcome.body.includes(goodId)
  const now = await pidsOf(studio)
  const restarted = Object.keys(pids).filter(name => now[name] !== pids[name])
  return [
    ...(works ? [] : [`the next good request does not work: ${outcome.status}`]),
    ...restarted.map(name => `${name} was restarted`),
  ]
}

async function pidsOf(studio: TestStudio): Promise<Record<string, number>> {
  const run = await readRunFile(studio.dataDir)
  const services = ['ingest', 'processor', 'query'].map(name => [name, run?.processes[name]?.pid ?? 0])
  return { gateway: run?.pid ?? 0, ...Object.fromEntries(services) }
}
