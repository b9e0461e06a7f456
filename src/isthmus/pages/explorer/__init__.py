"""The explorer: runs to look into, choice by choice, served or written as one file."""
