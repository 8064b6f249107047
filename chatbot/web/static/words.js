// The page's own words, in every language that the bot speaks: they stand in the catalogues, as the bot's do.

const spoken = await (await fetch("/words.json")).json();
let chosen = spoken[0];

/** The languages that are offered: [code, own name]. */
export const languages = spoken.map(({ code, name }) => [code, name]);

/** The page's word for `key` in the chosen language; undefined when there is none. */
export const word = (key) => chosen.words[key];

/** BCP 47 tag of the chosen language, for numbers and times. */
export const tag = () => chosen.tag;

/** Choose a language by Telegram's code and write its words into the page. */
export function choose(code) {
  const near = (one) => one.code.slice(0, 2) === code.slice(0, 2);
  chosen = spoken.find((one) => one.code === code) ?? spoken.find(near) ?? spoken[0];
  document.documentElement.lang = tag();
  document.documentElement.dir = chosen.direction;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
}
