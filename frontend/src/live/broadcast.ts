import type { Connection, Hearing } from './live.ts'

/** What a tab is told. */
export type Told =
  | { type: 'connection'; connection: Connection }
  | { type: 'generation'; generation: Parameters<Hearing['onGeneration']>[0] }
  | { type: 'gap' }

/** What a tab says when it is closed or put away. */
export const LEAVE = 'leave'

/** A line to one tab: a `MessagePort`. */
export interface Line {
  postMessage(message: Told): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  start(): void
}

/**
 * One stream of events for all tabs of a browser, for as long as one of them listens: a browser opens only six connections to
 * a studio, and pictures need them.
 *
 * @param listen opens the stream; what it gives back ends it
 * @returns takes in a tab
 */
export function createHub(listen: (hearing: Hearing) => () => void): (line: Line) => void {
  const lines = new Set<Line>()
  let connection: Connection = 'connecting'
  let end: (() => void) | undefined

  function tell(told: Told) {
    for (const line of lines) line.postMessage(told)
  }

  const hearing: Hearing = {
    onGeneration: generation => tell({ type: 'generation', generation }),
    onGap: () => tell({ type: 'gap' }),
    onConnection: state => {
      connection = state
      tell({ type: 'connection', connection })
    },
  }

  function leave(line: Line) {
    lines.delete(line)
    if (lines.size > 0) return
    end?.()
    end = undefined
  }

  return line => {
    lines.add(line)
    line.addEventListener('message', ({ data }) => data === LEAVE && leave(line))
    line.start()
    if (end) line.postMessage({ type: 'connection', connection })
    end ??= listen(hearing)
  }
}
