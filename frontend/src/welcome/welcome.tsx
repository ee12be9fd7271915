import { For } from 'solid-js'
import dunes from './dunes.webp'
import lake from './lake.webp'
import peaks from './peaks.webp'

/** Images that the demo made, with their prompts. */
const EXAMPLES = [
  { prompt: 'mountain peaks above the clouds, cold grey morning', image: peaks },
  { prompt: 'red desert dunes, one long shadow, late in the day', image: dunes },
  { prompt: 'a still lake at nightfall, turquoise water', image: lake },
] as const

/** The page of an empty studio, with images to begin with: each writes the prompt that made it, and sends nothing. */
export default function Welcome(props: { onSuggestion: (prompt: string) => void }) {
  return (
    <section class="welcome">
      <h2>What you make appears here.</h2>
      <p>Start with a sentence, or with one of these.</p>
      <ul class="examples">
        <For each={EXAMPLES}>
          {({ prompt, image }) => (
            <li>
              <button type="button" class="example" onClick={() => props.onSuggestion(prompt)}>
                <span class="example-image">
                  <img src={image} alt="" width={608} height={760} />
                  <span class="example-use" aria-hidden="true">
                    Use this prompt
                  </span>
                </span>
                <span class="unseen">Use this prompt: </span>
                <span>{prompt}</span>
              </button>
            </li>
          )}
        </For>
      </ul>
    </section>
  )
}
