import { useEffect, useState } from 'react'

const saidMs = 2_000

/** Copies the address of what is shown, and what is to be said of it for a moment. */
export function useCopyLink(): readonly [said: string, copy: () => void] {
  const [said, say] = useState('')
  useEffect(() => {
    if (said === '') return
    const timer = setTimeout(() => say(''), saidMs)
    return () => clearTimeout(timer)
  }, [said])
  const copy = () => {
    // Beyond localhost the browser wants https.
    const written = navigator.clipboard?.writeText(location.href) ?? Promise.reject(new Error('no clipboard'))
    written.then(
      () => say('Link copied'),
      () => say('The browser does not let the page copy here'),
    )
  }
  return [said, copy]
}
