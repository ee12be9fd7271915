import type { Generation } from '@darkroom/contracts/generation'

/** A generation that came out of an output, or that an output came out of. */
export interface LineageStep {
  generation: Generation
  /** The output of it that is on the line: the one that the child was made from; of a child its first that can be shown. */
  outputIndex: number
  /** The way in which it came out of its own parent, in words: "upscaled", "changed only the marked part"; undefined for a root. */
  change?: string | undefined
}

/** Reads where an output came from and what was made of it, also where that is not loaded in the feed. */
export interface LineageSource {
  /**
   * Returns the generations that one came out of, the nearest first. It ends at the root, or at one that has been deleted.
   *
   * @throws RejectedError, UnavailableError
   */
  ancestors(generation: Generation, signal: AbortSignal): Promise<readonly LineageStep[]>
  /**
   * Returns the generations that were made from an output, the newest first.
   *
   * @throws RejectedError, UnavailableError
   */
  children(generation: Generation, outputIndex: number, signal: AbortSignal): Promise<readonly LineageStep[]>
}
