module acci.dev/deploy-action/sandbox/pause

go 1.25.0
