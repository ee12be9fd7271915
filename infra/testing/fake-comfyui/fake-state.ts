import type { ProviderWork } from '../provider-fakes/provider-work.ts'
import type { WireRequest } from '../provider-fakes/wire-fake.ts'
import type { Fault } from './faults.ts'
import type { Version } from './jobs-routes.ts'
import type { PromptQueue } from './prompt-queue.ts'
import type { ServerSocket } from './web-socket.ts'

/** State of the fake. What is in `directory` outlives it, as with ComfyUI; the rest does not. */
export interface FakeState {
  directory: string
  /** Key of a proxy before the server; null if there is none. */
  key: string | null
  version: Version
  fault: Fault | null
  /** Prompts that were posted, answered or not. */
  posts: number
  /** Time of a step, in ms. */
  stepMs: number
  requests: WireRequest[]
  queue: PromptQueue
  /** Its image and the times of what it has made; `stepMs` says how long it takes. */
  work: ProviderWork
  /** Websockets, by the id of the client. */
  sockets: Map<string, ServerSocket>
}
