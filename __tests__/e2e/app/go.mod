module example.com/fault-app

go 1.22
