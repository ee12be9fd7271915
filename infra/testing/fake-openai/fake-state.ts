import { createProviderWork, type ProviderWork } from '../provider-fakes/provider-work.ts'
import type { WireRequest } from '../provider-fakes/wire-fake.ts'
import { type BackgroundResponses, createBackgroundResponses } from './background-responses.ts'
import type { Fault } from './faults.ts'

/** State of the fake: its fault, what it has received, and its invoice. */
export interface FakeState {
  readonly key: string
  fault: Fault | null
  posts: number
  polls: number
  models: { id: string; shutdown_date?: string | null }[]
  readonly billed: { micros: number; trace: string }[]
  readonly requests: WireRequest[]
  readonly responses: BackgroundResponses
  readonly work: ProviderWork
}

const MODELS = [
  'gpt-image-2.6-flare',
  'gpt-image-2.6-sunburst',
  'gpt-image-2.5-flare',
  'gpt-image-2',
  'gpt-image-2-2026-04-21',
  'gpt-image-1.5',
  'gpt-image-1-mini',
  'gpt-5.6-luna',
  'gpt-6-luna',
  'tts-1',
]

export function createFakeState(key: string): FakeState {
  const work = createProviderWork()
  const state: FakeState = {
    key,
    fault: null,
    posts: 0,
    polls: 1,
    models: MODELS.map(id => ({ id, shutdown_date: null })),
    billed: [],
    requests: [],
    responses: createBackgroundResponses(() => state.polls, work),
    work,
  }
  return state
}
