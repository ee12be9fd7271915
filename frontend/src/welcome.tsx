import type { JSX } from 'solid-js'
import { lazyPart } from './ui/lazy-part.tsx'

/** The page of an empty studio. A page with rows does not load it. */
export const Welcome = lazyPart(() => import('./welcome/welcome.tsx'), null)

/** The message while the first page is read. The style sheet shows it after a moment only. */
export function Loading() {
  return (
    <Centered>
      <p class="late-notice" role="status">
        Loading your pictures…
      </p>
    </Centered>
  )
}

/** The message if the first page cannot be read. */
export function LoadFailed(props: { problem: string | null; onRetry: () => void }) {
  return (
    <Centered>
      <h2>Your pictures cannot be shown right now.</h2>
      <p role="alert">{props.problem}</p>
      <button type="button" class="solid" onClick={() => props.onRetry()}>
        Try again
      </button>
    </Centered>
  )
}

function Centered(props: { children: JSX.Element }) {
  return <section class="centred">{props.children}</section>
}
