// Judge a list of JSON Feeds with jsonfeed-validator: node json_feeds.cjs MODULES FILE.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const [modules, file] = process.argv.slice(2);
const validate = require(path.join(modules, "jsonfeed-validator"));
const feeds = JSON.parse(fs.readFileSync(file, "utf-8"));
console.log(JSON.stringify(feeds.map((feed) => validate(feed))));
