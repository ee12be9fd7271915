import { type Accessor, createSignal, onCleanup, onMount } from 'solid-js'

/** Creates whether the page is as narrow as a phone: then the lightbox has its actions below the output. */
export function createPhoneLayout(): Accessor<boolean> {
  const query = window.matchMedia('(max-width: 639px)')
  const [isPhone, setPhone] = createSignal(query.matches)
  const update = () => setPhone(query.matches)
  onMount(() => {
    query.addEventListener('change', update)
    onCleanup(() => query.removeEventListener('change', update))
  })
  return isPhone
}
