import { Generation } from '@darkroom/contracts/generation'
import { readRunFile } from '../../local/launch/run-file.ts'
import type { TestStudio } from '../../testing/studio/test-studio.ts'
import { dataUrl, filePart, submission, upload } from '../bad-input/case.ts'
import { flatPng, type PictureFile, smallPicture, smallPictures } from '../bad-input/corpus-images.ts'
import { faultsOf } from './assert-response.ts'
import type { Facts } from './draft.ts'
import { exchange, type Outcome, type WireRequest } from './http.ts'
import { type FuzzRequest, fuzzRequest } from './request.ts'

/** A studio with something in it, to be sent things. */
export interface Target {
  studio: TestStudio
  port: number
  facts: Facts
  pictures: readonly PictureFile[]
  /** A submission that was accepted: sent again it has to give the same again. */
  good: WireRequest
  /** The processes that it began with. */
  pids: Record<string, number>
}

/** Longer than the studio waits for a body of which nothing more comes. */
const PATIENCE_MS = 40_000
/** Together more than the studio has memory for. */
const CROWD = { uploads: 6, bytes: 18_000_000 }

export async function prepareTarget(studio: TestStudio): Promise<Target> {
  const port = Number(new URL(studio.url).port)
  const body = { clientId: crypto.randomUUID(), prompt: 'good', parameters: { resolution: 512 } }
  const good = submission({ ...body, referenceImages: [dataUrl(await smallPicture('png'))] })
  const answer = await exchange(port, good)
  const { id, references, createdAt } = Generation.parse('body' in answer ? JSON.parse(answer.body.toString()) : null)
  const [reference] = references
  const cursor = Buffer.from(`${createdAt}|${id}`).toString('base64url')
  const facts = { generationId: id, referenceId: reference?.id ?? '', mediaPath: reference?.url ?? '', cursor }
  return { studio, port, facts, pictures: await smallPictures(), good, pids: await pidsOf(studio) }
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

/** Sends several large uploads at once: each has to be taken, or told to come back. */
export async function sendCrowd({ port }: Target): Promise<{ outcomes: Outcome[]; faults: string[] }> {
  const request = upload([filePart(Buffer.concat([flatPng(64, 64), Buffer.alloc(CROWD.bytes)]))])
  const outcomes = await Promise.all(Array.from({ length: CROWD.uploads }, () => exchange(port, request, PATIENCE_MS)))
  const faults = await Promise.all(outcomes.map(outcome => faultsOf({ request, done: [], sound: true }, outcome, port)))
  return { outcomes, faults: faults.flat().map(words => `a large upload: ${words}`) }
}

/** What is wrong with the studio itself: it does not take a good request, or is not the process that it was. */
export async function faultsOfStudio({ studio, port, good, facts, pids }: Target): Promise<string[]> {
  const outcome = await exchange(port, good)
  const works = 'body' in outcome && outcome.status === 200 && outcome.body.includes(facts.generationId)
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
