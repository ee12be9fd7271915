import '../src/styles/tokens.css'
import '../src/styles/base.css'
import '../src/styles/progress.css'
import './progress.css'
import type { Generation } from '@darkroom/contracts/generation'
import { createSignal, For, onCleanup } from 'solid-js'
import { render } from 'solid-js/web'
import { Progress } from '../src/feed/progress.tsx'
import { buildGeneration } from '../src/store/generation.fixture.ts'

/** Progress rings, `count` at once, in one variant: `?variant=idle`, `interval`, `seed` or `ours`, `&count=`. */

const SECONDS = 60
const query = new URLSearchParams(location.search)
const rings = Array.from({ length: Number(query.get('count')) }, (_, index) => index)

const VARIANTS: Record<string, () => ReturnType<typeof OurRings>> = {
  idle: () => <StaticRings />,
  interval: () => <TimerRings />,
  seed: () => <SeedRings />,
  ours: () => <OurRings />,
}

/** The baseline: the same layout, nothing moves. */
function StaticRings() {
  return <For each={rings}>{() => <Circle offset={CIRCUMFERENCE / 2} />}</For>
}

/** The variant before the seed: a timer for each ring sets how much of it is drawn. */
function TimerRings() {
  const started = performance.now()
  return (
    <For each={rings}>
      {() => {
        const [share, setShare] = createSignal(0)
        const timer = setInterval(() => setShare((performance.now() - started) / 1_000 / SECONDS), 100)
        onCleanup(() => clearInterval(timer))
        return <Circle offset={CIRCUMFERENCE * (1 - 0.95 * share())} />
      }}
    </For>
  )
}

/** The variant of the seed: keyframes of `stroke-dashoffset`. */
function SeedRings() {
  return <For each={rings}>{() => <Circle isAnimated />}</For>
}

/** The component of the page. */
function OurRings() {
  const generation: Generation = buildGeneration({
    status: 'processing',
    outputs: 1,
    estimatedSeconds: SECONDS,
    startedAt: new Date().toISOString(),
  })
  const clock = { now: Date.now, syncTo: () => {} }
  return (
    <For each={rings}>
      {() => (
        <div class="place">
          <Progress clock={clock} generation={generation} provider="Demo" />
        </div>
      )}
    </For>
  )
}

const CIRCUMFERENCE = 2 * Math.PI * 42

function Circle(props: { offset?: number; isAnimated?: boolean }) {
  return (
    <div class="place">
      <svg class="circle" viewBox="0 0 100 100" aria-hidden="true">
        <circle
          cx="50"
          cy="50"
          r="42"
          classList={{ filling: props.isAnimated === true }}
          stroke-dasharray={String(CIRCUMFERENCE)}
          stroke-dashoffset={props.offset}
          style={{ 'animation-duration': `${SECONDS}s` }}
        />
      </svg>
      <p>generating</p>
    </div>
  )
}

const root = document.getElementById('root')
const variant = VARIANTS[query.get('variant') ?? 'idle']
if (root && variant) render(variant, root)
