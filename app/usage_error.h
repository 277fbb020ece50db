// What is said of a command line that cannot be read: our words, the nearest name that is known, where the help is.
#pragma once

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace picket::app {

// Tells on stderr what `error`, which came while `app` read its words, is about. Answers kUsageWrong. Main thread.
int complain_of_usage(const CLI::App& app, const CLI::ParseError& error);

}  // namespace picket::app
