/** Names of agents: what one may be called, and names that a person can tell apart and remember, as in BlueLake. */
import { randomInt } from "node:crypto";

const adjectives =
  `Amber Ancient Azure Blue Bold Brave Bright Brisk Bronze Calm Clear Clever Cobalt Copper Coral
Crimson Crisp Curious Deep Dusky Eager Early Emerald Fair Fleet Frosty Gentle Gilded Glad Golden Grand Gray Green
Hardy Hidden Honest Humble Indigo Ivory Jade Keen Kind Late Light Lively Loyal Lucky Lunar Mellow Merry Mild Misty
Nimble Noble Olive Opal Pale Patient Plain Polar Proud Purple Quick Quiet Rapid Rosy Ruby Rustic Sandy Scarlet
Serene Sharp Silent Silver Sleek Snowy Solar Steady Stone Sunny Swift Tidy Topaz Tranquil True Velvet Violet Vivid
Warm Wild Wise Witty`.split(/\s+/);

const nouns =
  `Aspen Badger Bay Beacon Bear Birch Bison Bluff Branch Bridge Brook Canyon Castle Cedar Cliff Cloud
Comet Coral Cove Crane Creek Dale Deer Delta Dove Dune Eagle Elk Elm Falcon Fern Field Finch Fjord Forest Fox Garden
Glacier Glade Grove Harbor Hare Hawk Heron Hill Island Ivy Lagoon Lake Lark Leaf Lion Lynx Maple Marsh Meadow Mesa
Moon Moose Mountain Oak Ocean Orchard Otter Owl Palm Panda Peak Pebble Pine Planet Plum Pond Prairie Quail Rain
Raven Reef Ridge River Robin Sage Seal Sparrow Spring Spruce Star Stork Stream Summit Swan Thicket Tide Tiger Trail
Valley Wave Willow Wolf Wren`.split(/\s+/);

/** Tries for a plain name before a number is put behind it, which has a digit more with each further try. */
const plainTries = 4;

/** A name to try for the `attempt`th time (from 0): whether it was given before, only the store knows. */
export const agentName = (attempt: number): string => {
  const name = `${adjectives[randomInt(adjectives.length)]}${nouns[randomInt(nouns.length)]}`;
  const digits = Math.min(attempt - plainTries + 2, 9);
  return attempt < plainTries ? name : `${name}${randomInt(2, 10 ** digits)}`;
};

/** These speak as themselves, in mail, leases and the log. */
const reserved = new Set(["person", "daemon", "launcher"]);

/** What is wrong with a name that somebody chose, undefined when nothing is. */
export const nameFault = (name: string): string | undefined => {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    const shown = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
    return `${shown} is no name for an agent: take 1 to 64 letters (A to Z, a to z), digits, "-" or "_".`;
  }
  return reserved.has(name.toLowerCase())
    ? `No agent can be called "${name}", which means somebody else. Take another name.`
    : undefined;
};
