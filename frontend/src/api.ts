import type {
  Cancellation,
  FavouriteChange,
  Generation,
  GenerationPage,
  Submission,
} from '@darkroom/contracts/generation'
import type { GenerationCount, TrashEmptied } from '@darkroom/contracts/history/library'
import type { Timeline } from '@darkroom/contracts/history/timeline'
import type { Model } from '@darkroom/contracts/model'
import type { Parts } from '@darkroom/contracts/parts'
import type { ListParameters } from './library/list-query.ts'

/** Selects a page of a list: after or before a cursor, around a generation, or at a time; the newest one without any of them. */
export interface PageQuery extends ListParameters {
  limit: number
  cursor?: string
  direction?: 'older' | 'newer'
  around?: string
  at?: string
}

/** The studio's HTTP API. Each function but `fetchParts` throws a `RejectedError` or an `UnavailableError`. */
export interface Api {
  /** Returns a page of generations, newest first. */
  fetchPage(query: PageQuery): Promise<GenerationPage>
  /** Returns the number of a list's generations of each day, newest first. @param zone IANA time zone of the days */
  fetchTimeline(zone: string, filters: ListParameters): Promise<Timeline>
  /** Returns the size of a list. */
  fetchCount(filters: ListParameters): Promise<GenerationCount>
  /** Returns the models with what each offers. */
  fetchModels(): Promise<Model[]>
  /** Returns the state of the studio's parts; null if it cannot be read. */
  fetchParts(): Promise<Parts | null>
  /** Submits a generation. It is idempotent by `clientId`. */
  generate(submission: Submission): Promise<Generation>
  /** Cancels a generation. The `note` of the result is for the user. */
  cancel(id: string): Promise<Cancellation>
  /** Reopens a generation that has ended. */
  reopen(id: string, action: 'retry' | 'check' | 'complete'): Promise<Generation>
  /** Sets or clears the favourite flag of an output. */
  setFavourite(id: string, change: FavouriteChange): Promise<Generation>
  /** Moves a generation to the trash. */
  remove(id: string): Promise<void>
  /** Restores a generation from the trash. */
  restore(id: string): Promise<Generation>
  /** Deletes one output of a generation. */
  removeOutput(id: string, index: number): Promise<Generation>
  /** Restores a deleted output. */
  restoreOutput(id: string, index: number): Promise<Generation>
  /** Deletes everything in the trash permanently. */
  emptyTrash(): Promise<TrashEmptied>
}
