/** Names for agents that a person can tell apart and remember: an adjective and a noun, as in BlueLake. */
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

export const nameCount = adjectives.length * nouns.length;

/** A name that is not taken. When every pair is, a number follows it. */
export const agentName = (isTaken: (name: string) => boolean): string => {
  const start = randomInt(nameCount);
  for (let round = 1; ; round++) {
    for (let step = 0; step < nameCount; step++) {
      const at = (start + step) % nameCount;
      const name = `${adjectives[Math.floor(at / nouns.length)]}${nouns[at % nouns.length]}${round === 1 ? "" : round}`;
      if (!isTaken(name)) return name;
    }
  }
};
