import type { Generation } from '@darkroom/contracts/generation'
import { createMemo, Show } from 'solid-js'
import type { Clock } from '../ui/clock.ts'
import { formatStage } from '../ui/format.ts'

interface ProgressProps {
  clock: Clock
  generation: Generation
  /** Name of the provider. */
  provider: string
  index: number
}

/**
 * The progress ring of an output that is being made. It is animated by CSS alone: two clipped half circles turn over the estimated
 * duration, with the elapsed time as a negative delay. A provider's own progress replaces the estimate where there is one.
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
  /** Computed once per start: the animation continues from there. */
  const elapsed = createMemo(() => Math.max(0, (props.clock.now() - Date.parse(startedAt() ?? '')) / 1_000) || 0)
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
        aria-label={`Picture ${props.index + 1} of ${props.generation.outputs.length}`}
        aria-valuenow={percent()}
        aria-valuetext={formatStage(props.generation, props.provider)}
      >
        <span class="ring-half ring-right">
          <span class="ring-arc" />
        </span>
        <span class="ring-half ring-left">
          <span class="ring-arc" />
        </span>
      </div>
      <p class="stage">
        {formatStage(props.generation, props.provider)}
        <Show when={mode() === 'timed'}>
          <span class="overdue">longer than usual</span>
        </Show>
      </p>
    </div>
  )
}
