import type { Generation } from '@darkroom/contracts/generation'
import { createMemo, For, Match, Show, Switch } from 'solid-js'
import type { Clock } from '../ui/clock.ts'
import { formatPromptStart, formatReadyCount, formatStage } from '../ui/format.ts'
import { listTimeLeft } from './time-left.ts'

interface ProgressProps {
  clock: Clock
  generation: Generation
  /** Name of the provider. */
  provider: string
}

/**
 * The progress of a generation: a ring and one line. A wait is no progress: the ring is empty then, and no time is said to be left.
 * Both are animated by CSS alone: two clipped half circles turn over the estimated duration, with the elapsed time as a negative delay,
 * and the texts of the time left replace each other. A provider's own progress replaces the estimate where there is one.
 */
export function Progress(props: ProgressProps) {
  const startedAt = createMemo(() => props.generation.startedAt)
  const seconds = createMemo(() => props.generation.estimatedSeconds)
  const real = createMemo(() => (props.generation.status === 'processing' ? props.generation.progress : null))
  const mode = createMemo(() => {
    if (startedAt() === null || props.generation.waiting !== null) return 'waiting'
    if (real() !== null) return 'real'
    return seconds() === null ? 'open' : 'timed'
  })
  /** Computed once per start, and when a wait ends: the animation continues from there. */
  const elapsed = createMemo(() => {
    mode()
    return Math.max(0, (props.clock.now() - Date.parse(startedAt() ?? '')) / 1_000) || 0
  })
  const percent = () => {
    const share = real()
    return mode() === 'real' && share !== null ? Math.round(share * 100) : undefined
  }
  return (
    <div
      class="progress"
      data-mode={mode()}
      style={{
        '--estimated-duration': `${Math.max(seconds() ?? 10, 0.1)}s`,
        '--elapsed-time': `${elapsed().toFixed(2)}s`,
        '--progress': String(real() ?? 0),
      }}
    >
      <div
        class="ring"
        role="progressbar"
        aria-label={`Progress: ${formatPromptStart(props.generation.prompt)}`}
        aria-valuenow={percent()}
        aria-valuetext={`${formatStage(props.generation, props.provider)}, ${formatReadyCount(props.generation)}`}
      >
        <span class="ring-half ring-right">
          <span class="ring-arc" />
        </span>
        <span class="ring-half ring-left">
          <span class="ring-arc" />
        </span>
      </div>
      <p class="progress-text">
        <span>{formatProgress(props.generation)}</span>
        <Switch>
          <Match when={mode() === 'timed'}>
            <TimeLeft seconds={seconds() ?? 0} elapsed={elapsed()} />
          </Match>
          <Match when={percent() !== undefined}>
            <span class="progress-rest">{percent()} %</span>
          </Match>
          <Match when={props.generation.waiting?.position}>
            <span class="progress-rest">number {props.generation.waiting?.position} in the queue</span>
          </Match>
        </Switch>
      </p>
    </div>
  )
}

/** The time that is left by the estimate, and beyond it that it takes longer. */
function TimeLeft(props: { seconds: number; elapsed: number }) {
  return (
    <span class="progress-rest time-left">
      <For each={listTimeLeft(props.seconds, props.elapsed)}>
        {({ label, from, until }) => (
          <span style={{ '--from': `${from.toFixed(2)}s`, '--until': `${until.toFixed(2)}s` }}>{label}</span>
        )}
      </For>
      <Show when={props.seconds > 0}>
        <span class="overdue">longer than usual</span>
      </Show>
    </span>
  )
}

/** Formats the progress in a few words: `2 of 4 ready`, or the stage where there is nothing to count yet. */
function formatProgress(generation: Generation): string {
  const { status, waiting, outputs } = generation
  if (waiting !== null) return 'Waiting'
  if (status === 'queued') return 'Queued'
  if (outputs.length > 1) return formatReadyCount(generation)
  return status === 'uploading' ? 'Saving' : 'Generating'
}
